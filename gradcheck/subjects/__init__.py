"""Whatever a user has (function, model, layer, network, `file.py:name`) becomes one `Subject`: named blocks, a loss, a
claimed gradient. Leaves everything as it found it.
"""
