"""Maps with many outputs and their exact derivatives, and how well mistakes in these are found."""
