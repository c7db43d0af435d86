"""Whatever a user has (function, model, layer, network, `file.py:name`) becomes one `Subject`."""
