"""Layers, losses and optimisers in plain NumPy, each derivative written by hand."""
