"""One call from what a user passes to a report: `check_gradients`, options, progress, observers, the textbook
method.
"""
