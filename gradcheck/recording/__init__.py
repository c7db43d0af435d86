"""Records one call of the user's own functions as a graph of values, and tells which of its lines is wrong."""
