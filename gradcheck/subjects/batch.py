"""The arguments of a loss as a batch of samples: how many there are, part of them, and what can be counted in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.subjects.subject import Block

#: A factor of two has many causes: only the number of samples may be as small.
LEAST = 3


def _array(argument: Any) -> NDArray[Any] | None:
    if not isinstance(argument, (np.ndarray, list)):
        return None
    try:
        array = np.asarray(argument)
    except ValueError:  # rows of different lengths
        return None
    return array if array.ndim and array.dtype.kind in "fiub" else None


def samples_of(arguments: Sequence[Any]) -> int:
    """The length that the first axes of all arrays among the arguments have in common, or 1."""
    lengths = {len(array) for array in map(_array, arguments) if array is not None}
    return max(lengths.pop(), 1) if len(lengths) == 1 else 1


def split(arguments: Sequence[Any], part: slice) -> tuple[Any, ...]:
    """The arguments with part of the samples."""
    return tuple(argument[part] if _array(argument) is not None else argument for argument in arguments)


def counts_of(arguments: Sequence[Any], blocks: Iterable[Block]) -> dict[int, str]:
    """What a mean may divide by: samples, axes and entries of the batch; of the parameters if there is no batch."""
    counts: dict[int, str] = {}
    arrays = [array for array in map(_array, arguments) if array is not None]
    n = samples_of(arguments)
    if n > 1:
        counts[n] = f"The batch has {n} samples"
    for array in arrays:
        add_counts(counts, array.shape, "the batch")
    if not arrays:
        for block in blocks:
            add_counts(counts, block.shape, block.name)
    return counts


def add_counts(counts: dict[int, str], shape: tuple[int, ...], what: str) -> None:
    """Add the lengths of the axes, and the number of entries."""
    for axis, n in enumerate(shape):
        if n >= LEAST:
            counts.setdefault(n, f"Axis {axis} of {what} has {n} entries")
    size = int(np.prod(shape, dtype=np.int64))
    if size >= LEAST:
        counts.setdefault(size, f"There are {size} entries in an array of {what}")
