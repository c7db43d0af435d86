"""Networks to try gradcheck on."""
