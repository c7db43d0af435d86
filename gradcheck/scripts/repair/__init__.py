"""Searches for a small edit of a faulty line that makes the gradients right."""
