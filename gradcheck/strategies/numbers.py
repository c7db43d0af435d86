"""Arrays from a seed, with two significant digits that are easy to read or with all digits."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

Array = NDArray[Any]

#: Relative spread of the parameters around their usual initial values (absolute where these are 0). No bias is then 0
#: and no gain 1, values that would hide mistakes.
SPREAD = 0.4

#: Standard deviations at which the spread is cut off: with a spread of 0.4 no parameter changes its sign.
SPREAD_CUTOFF = 2.0

#: Seeds that are drawn.
SEEDS = st.integers(0, 999)

#: Numbers of digits that are drawn; None means all digits.
DIGITS: st.SearchStrategy[int | None] = st.sampled_from([2, None])


def numbers(rng: np.random.Generator, shape: tuple[int, ...], digits: int | None) -> Array:
    """Draw numbers of order one.

    With `digits` decimals they are not 0, and no two are equal, so that there are no ties. They are drawn from a grid
    of 4 · 10^digits numbers; an array that would take more than half of them has all digits instead.
    """
    size = int(np.prod(shape))
    largest = 2 * 10**digits if digits is not None else 0
    if digits is None or size > largest:
        return rng.standard_normal(shape)
    whole = rng.choice(np.concatenate([np.arange(-largest, 0), np.arange(1, largest + 1)]), size, replace=False)
    return np.asarray(whole.reshape(shape) / 10**digits)


def spread(value: Array, rng: np.random.Generator, digits: int | None) -> Array:
    """Move parameters from their initial values to a generic point nearby; those that are not 0 keep their sign."""
    moves = SPREAD * np.clip(rng.standard_normal(value.shape), -SPREAD_CUTOFF, SPREAD_CUTOFF)
    moved = np.where(value == 0, moves, value * (1 + moves))
    return moved if digits is None else rounded(moved, digits)


def rounded(array: Array, digits: int) -> Array:
    """Round to a number of significant digits."""
    with np.errstate(divide="ignore"):
        exponents = np.floor(np.log10(np.abs(array)))
    scale = 10.0 ** (digits - 1 - np.where(np.isfinite(exponents), exponents, 0.0))
    return np.asarray(np.round(array * scale) / scale)
