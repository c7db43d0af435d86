"""The derivative of a map with many outputs: which of its entries (output, input) are wrong."""
