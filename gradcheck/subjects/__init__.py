"""Turns a function, model, layer, network or `file.py:name` into a `Subject`: blocks, a loss, a claimed gradient."""
