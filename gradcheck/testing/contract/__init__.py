"""The layer contract: tests that every layer should pass, to inherit from."""
