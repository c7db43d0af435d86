"""Whatever a user has (function, model, layer, network, `file.py:name`) becomes one `Subject`.

A subject has named blocks of parameters, a loss and a claimed gradient. After a check everything is as it was before.
"""
