"""Arrays of other libraries at the boundary: a check sees NumPy arrays, the user's functions their own kind."""
