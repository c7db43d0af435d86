"""Arrays from a seed: numbers of two digits that can be read, or of all digits."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

Array = NDArray[Any]

#: How far parameters are spread around their usual start, where biases are 0 and gains 1: nothing is special then.
SPREAD = 0.4

#: Seeds that are drawn.
SEEDS = st.integers(0, 999)

#: Two digits, or all of them (None).
DIGITS: st.SearchStrategy[int | None] = st.sampled_from([2, None])


def numbers(rng: np.random.Generator, shape: tuple[int, ...], digits: int | None) -> Array:
    """Numbers of order one; rounded ones are not 0, and no two of a few hundred are equal: there are no ties."""
    size = int(np.prod(shape))
    grid = 2 * 10**digits if digits is not None else 0
    if digits is None or size > grid:
        return rng.standard_normal(shape)
    whole = rng.choice(np.concatenate([np.arange(-grid, 0), np.arange(1, grid + 1)]), size, replace=False)
    return np.asarray(whole.reshape(shape) / 10**digits)


def spread(value: Array, rng: np.random.Generator, digits: int | None) -> Array:
    """Parameters at a generic point around where they start. What is not 0 keeps its sign."""
    moves = SPREAD * np.clip(rng.standard_normal(value.shape), -2.0, 2.0)
    moved = np.where(value == 0, moves, value * (1 + moves))
    return moved if digits is None else rounded(moved, digits)


def rounded(array: Array, digits: int) -> Array:
    """Numbers with so many digits that are not 0 in front."""
    with np.errstate(divide="ignore"):
        exponents = np.floor(np.log10(np.abs(array)))
    scale = 10.0 ** (digits - 1 - np.where(np.isfinite(exponents), exponents, 0.0))
    return np.asarray(np.round(array * scale) / scale)
