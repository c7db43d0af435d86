"""Rewrites a program so that a tracer sees, and can change, each value that it assigns."""
