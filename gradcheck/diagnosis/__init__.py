"""Explains why a block is wrong: its part and its mistake; only a gap that a solver may make gets another verdict."""
