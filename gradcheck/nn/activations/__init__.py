"""Activations, one in each file."""
