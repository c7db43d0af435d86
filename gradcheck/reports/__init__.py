"""What a check found, as plain data, and how it is written: text, HTML, JSON; measures nothing."""
