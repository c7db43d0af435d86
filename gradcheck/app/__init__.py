"""The command line, the demo, examples, `explain`, the notebook magic."""
