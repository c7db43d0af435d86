"""Measures a subject around one point: noise, scales, directional derivatives, gaps to the claim; decides nothing."""
