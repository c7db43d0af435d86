"""The arguments of a loss as a batch of samples: their number, slices of them, and the counts a mean may divide by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.subjects.subject import Block

#: Lengths and sizes from here on are offered as an explanation of a wrong factor. A factor of 2 has many other causes,
#: so only the number of samples may be that small.
MIN_COUNT = 3


def _array(argument: Any) -> NDArray[Any] | None:
    if not isinstance(argument, (np.ndarray, list)):
        return None
    try:
        array = np.asarray(argument)
    except ValueError:  # rows of different lengths
        return None
    return array if array.ndim and array.dtype.kind in "fiub" else None


def samples_of(arguments: Sequence[Any]) -> int:
    """Common length of the first axes of all arrays among the arguments; 1 if they differ."""
    lengths = {len(array) for array in map(_array, arguments) if array is not None}
    return max(lengths.pop(), 1) if len(lengths) == 1 else 1


def split(arguments: Sequence[Any], part: slice) -> tuple[Any, ...]:
    """The arguments with a slice of the samples."""
    return tuple(argument[part] if _array(argument) is not None else argument for argument in arguments)


def counts_of(arguments: Sequence[Any], blocks: Iterable[Block]) -> dict[int, str]:
    """Numbers that a mean may divide by, each with a sentence that says what it counts.

    They are the number of samples, and the lengths of axes and the sizes of the arrays in the batch. Without a batch
    they are those of the parameters.
    """
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
    """Add the lengths of the axes of an array and its size to `counts`, in place."""
    for axis, n in enumerate(shape):
        if n >= MIN_COUNT:
            counts.setdefault(n, f"Axis {axis} of {what} has {n} entries")
    size = int(np.prod(shape, dtype=np.int64))
    if size >= MIN_COUNT:
        counts.setdefault(size, f"There are {size} entries in an array of {what}")
