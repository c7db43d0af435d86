"""What comes after the gradient: why the loss does not go down, and whether an update rule is the one of its name."""
