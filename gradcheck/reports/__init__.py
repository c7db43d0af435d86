"""What was found as plain data, and how it is written (text, HTML, JSON). Computes nothing."""
