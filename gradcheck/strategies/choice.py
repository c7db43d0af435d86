"""One of several things, each about as often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


def evenly(options: Sequence[T]) -> st.SearchStrategy[T]:
    """One of the options, which shrinks to the first.

    Hypothesis draws the first and the last of many numbers much more often than the others, which is right for sizes;
    but among twenty kinds of layers each should have its turn. Truth values come as often as not, so the place in the
    row is drawn bit by bit; as a list, for of a tuple Hypothesis would explain each bit on its own.
    """
    options = tuple(options)
    bits = (len(options) - 1).bit_length() + 2  # two more than needed: then no option is drawn much more often
    if len(options) == 1:
        return st.just(options[0])
    return st.lists(st.booleans(), min_size=bits, max_size=bits).map(
        lambda drawn: options[_number(drawn) * len(options) >> bits]
    )


def _number(bits: Sequence[bool]) -> int:
    return sum(bit << place for place, bit in enumerate(reversed(bits)))
