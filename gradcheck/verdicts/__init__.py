"""Pass, fail or undecided for each block, with the reason. The only place that may say *fail*."""
