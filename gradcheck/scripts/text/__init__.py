"""Reads programs as text and syntax trees; runs nothing."""
