"""One of several things, each about as often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")

#: Range of the number that is drawn, and the multiplier of Fibonacci hashing: 2³² over the golden ratio.
RANGE, MULTIPLIER, WORD = 2**8 - 1, 2654435769, 32


def evenly(options: Sequence[T]) -> st.SearchStrategy[T]:
    """One of the options, which shrinks to the first.

    Hypothesis likes the first few of many much better than the others, which is right for sizes; but among twenty kinds
    of layers each should have its turn. So the number that it draws is hashed (D. E. Knuth, The Art of Computer
    Programming 3, 6.4), which leaves 0 as it is.
    """
    options = tuple(options)
    return st.integers(0, RANGE).map(lambda k: options[(k * MULTIPLIER % 2**WORD) * len(options) >> WORD])
