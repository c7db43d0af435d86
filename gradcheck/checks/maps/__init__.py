"""Checks of any derivative: Jacobians, products with them, adjoints, Hessians, optimisation problems."""
