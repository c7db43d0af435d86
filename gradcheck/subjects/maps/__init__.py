"""Maps from parameters to any number of outputs, and what is claimed of their derivatives."""
