"""One call from what a user passes to a report."""
