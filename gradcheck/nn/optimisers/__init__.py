"""Optimisers, one in each file."""
