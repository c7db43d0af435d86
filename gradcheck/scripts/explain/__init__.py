"""Names the mistake in a faulty line."""
