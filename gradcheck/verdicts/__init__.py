"""Pass, fail or undecided for each block, with the reason; the only place that may say *fail*."""
