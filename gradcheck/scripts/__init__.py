"""Checks a training program unmodified: replays one step and gives each line of its backward pass a verdict.

source ─> taps ─> loops ─> capture ─> step ─> nodes ─> flow ─> roles ─> pairs ─> lines ─> program
"""
