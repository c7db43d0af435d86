"""Benchmarks: a corpus of losses with exact hand-written gradients, and what several checkers say about it."""
