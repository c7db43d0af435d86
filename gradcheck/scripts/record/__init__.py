"""Records one iteration as a graph of values, and finds, names and repairs the wrong lines in it."""
