"""Which mistake explains a block of a Jacobian that is wrong."""
