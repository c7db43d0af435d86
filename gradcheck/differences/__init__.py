"""The derivative of a function of one real number, with an error bar. No arrays here."""
