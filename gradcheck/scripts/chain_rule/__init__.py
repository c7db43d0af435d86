"""The chain rule, measured with replays, and the variables that backward values are the adjoints of."""
