"""Example networks to try gradcheck on."""
