"""Where parameters live: the operations that numerics need of them, one implementation a kind of array."""
