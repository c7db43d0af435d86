"""Random inputs of every check: points, functions, claims and options as people pass them, and as they should not."""
