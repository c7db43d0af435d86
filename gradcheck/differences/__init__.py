"""The derivative of a function of one real number, with an error bar; no arrays, and never the claim."""
