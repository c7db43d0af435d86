"""Update rules of optimisers: what one does, step by step, against what it is called."""
