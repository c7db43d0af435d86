"""A subject measured around one point: noise, scales, directional derivatives. Decides nothing."""
