"""The derivative of a function of one real number, with an error bar; sees no arrays and never the claimed gradient."""
