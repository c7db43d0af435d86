"""The data-flow graph of a training step, with its loss, its parameters and their claimed gradients."""
