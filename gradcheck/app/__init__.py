"""The command line, the demo, the examples, `explain` and the notebook magic."""
