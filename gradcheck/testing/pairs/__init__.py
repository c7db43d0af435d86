"""Every layer with every loss, checked and shown as a table."""
