"""Layers, one in each file."""
