"""`check_gradients` and its options: one call from what a user passes to a report; also the textbook method."""
