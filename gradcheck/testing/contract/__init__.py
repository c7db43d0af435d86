"""The layer contract: what a layer promises, and the tests that hold it to that."""
