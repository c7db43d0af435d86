"""Analyses training whose gradient is right: why the loss does not go down, and whether an update rule is correct."""
