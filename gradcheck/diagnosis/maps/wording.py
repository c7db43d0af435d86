"""Sentences about a loss and its gradient, for a function and its derivative."""

from __future__ import annotations


def worded(sentence: str) -> str:
    """The sentence about a function with many outputs.

    Examples
    --------
    >>> worded("the loss is noisy: the gradient is not known")
    'the function is noisy: the derivative is not known'
    """
    found = sentence.replace("the loss", "the function").replace("The loss", "The function")
    return found.replace("gradient", "derivative")
