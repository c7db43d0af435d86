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

#: A number, and a sentence that says what it counts.
Count = tuple[int, str]


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
    arrays = [array for array in map(_array, arguments) if array is not None]
    shapes = [(array.shape, "the batch") for array in arrays] or [(block.shape, block.name) for block in blocks]
    return first_of_each(*sample_counts(samples_of(arguments)), *(c for shape in shapes for c in array_counts(*shape)))


def sample_counts(samples: int) -> list[Count]:
    """The number of samples, if there are several."""
    return [(samples, f"The batch has {samples} samples")] if samples > 1 else []


def array_counts(shape: tuple[int, ...], what: str) -> list[Count]:
    """The lengths of the axes of an array, and its size."""
    axes = [(n, f"Axis {axis} of {what} has {n} entries") for axis, n in enumerate(shape)]
    size = int(np.prod(shape, dtype=np.int64))
    counts = [*axes, (size, f"There are {size} entries in an array of {what}")]
    return [count for count in counts if count[0] >= MIN_COUNT]


def first_of_each(*counts: Count) -> dict[int, str]:
    """Counts by number, each with the first sentence for it."""
    found: dict[int, str] = {}
    for n, sentence in counts:
        found.setdefault(n, sentence)
    return found
