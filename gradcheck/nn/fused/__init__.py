"""An activation and the loss after it as one function, whose gradient is shorter than those of the two."""
