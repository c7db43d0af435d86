"""Losses, one in each file."""
