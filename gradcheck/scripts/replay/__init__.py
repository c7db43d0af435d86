"""Runs a program up to its training step, and replays that step from the same state."""
