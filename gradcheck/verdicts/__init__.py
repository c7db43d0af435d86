"""Decides pass, fail or undecided for each block, with the reason, and locates the wrong entries."""
