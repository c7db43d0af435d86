"""Which value an array holds now: views share memory, and what is written into one changes them all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.recording.graph import Value

Array = NDArray[Any]


@dataclass(eq=False)
class Buffer:
    """The memory of an array that is a view of no other.

    Attributes
    ----------
    owner : ndarray
    version : int
        Counts the writes.
    value : Value or None
        What the owner holds; None if only views of it are known.
    members : list of Value
        Values that refer to this memory.
    known : tuple or None
        A view and its value, from which the owner can be made.
    """

    owner: Any
    version: int = 0
    value: Value | None = None
    members: list[Value] = field(default_factory=list)
    known: tuple[Any, Value] | None = None

    def freeze(self) -> None:
        """Copy what refers to the memory, before something is written there."""
        for value in self.members:
            value.array = np.array(value.array)
        self.members.clear()


def owner_of(array: Array) -> Array:
    """The array whose memory another one shows."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def positions(array: Array, owner: Array) -> Array | None:
    """For each entry of a view, its place in the flattened owner; None if they differ in type or in layout."""
    if array.dtype != owner.dtype or not owner.dtype.itemsize or type(owner) is not np.ndarray:
        return None
    places = _offsets(owner)
    if owner.size == 0:
        return np.zeros(array.shape, np.intp)
    low = int(places.min())
    if int(places.max()) - low + 1 != owner.size:
        return None
    table = np.empty(owner.size, np.intp)
    table[places.reshape(-1) - low] = np.arange(owner.size)
    start = array.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
    found = (start // owner.dtype.itemsize + _offsets(array)) - low
    if found.size and (found.min() < 0 or found.max() >= owner.size or start % owner.dtype.itemsize):
        return None
    return np.asarray(table[found])


def _offsets(array: Array) -> Array:
    """Distance of each entry from the first, in entries."""
    found: Array = np.zeros((), np.intp)
    for length, stride in zip(array.shape, array.strides, strict=True):
        found = found[..., np.newaxis] + np.arange(length) * (stride // array.dtype.itemsize)
    return found.reshape(array.shape)
