"""Programs as they stand: one training step, replayed, and each line of its backward pass held against the chain rule.

source ─> taps ─> loops ─> capture ─> step ─> nodes ─> flow ─> roles ─> pairs ─> lines ─> program
"""
