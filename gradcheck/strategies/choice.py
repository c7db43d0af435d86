"""A strategy that draws each of several options about equally often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")

#: Bits drawn beyond those needed to number the options. With two more, no option is drawn more than 25 % too often.
EXTRA_BITS = 2


def evenly(options: Sequence[T]) -> st.SearchStrategy[T]:
    """Draw one of the options; shrinks to the first.

    `sampled_from` draws the first and the last of many options much more often than the others. That is right for
    sizes, but among twenty kinds of layers each should be drawn. Booleans are drawn evenly, so the position is drawn
    bit by bit; as a list, because Hypothesis would explain each element of a tuple separately.
    """
    options = tuple(options)
    if len(options) == 1:
        return st.just(options[0])
    bits = (len(options) - 1).bit_length() + EXTRA_BITS
    return st.lists(st.booleans(), min_size=bits, max_size=bits).map(
        lambda drawn: options[_number(drawn) * len(options) >> bits]
    )


def _number(bits: Sequence[bool]) -> int:
    return sum(bit << place for place, bit in enumerate(reversed(bits)))
