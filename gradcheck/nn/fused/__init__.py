"""An activation and the loss after it as one function, whose gradient is simpler than those of the two."""
