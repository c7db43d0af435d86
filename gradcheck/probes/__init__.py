"""A subject measured around one point: noise, typical sizes, slopes, claim minus slope. Decides nothing."""
