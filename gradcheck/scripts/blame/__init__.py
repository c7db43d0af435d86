"""Locates the faulty lines of a backward pass."""
