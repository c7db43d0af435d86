"""What the values of a backward pass are: adjoints, parts or multiples of them, or values of the forward pass."""

from __future__ import annotations

import bisect
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.recording.record import Recording, equal
from gradcheck.recording.settings import RECORDING

Array = NDArray[Any]


class Kind(Enum):
    """How much of an adjoint a value is."""

    WHOLE = "the derivative"
    PART = "the contribution of one use to the derivative"
    TANGENT = "the derivative with respect to a parameter"


#: The kinds, the likeliest first.
_ORDER = {Kind.WHOLE: 0, Kind.TANGENT: 1, Kind.PART: 2}


@dataclass(frozen=True, slots=True)
class Match:
    """A value is a multiple of an adjoint.

    Attributes
    ----------
    kind : Kind
    of : int
        The value of the forward pass by which it is the derivative of the loss or, of a tangent, of another value.
    factor : float
    """

    kind: Kind
    of: int
    factor: float

    @property
    def exact(self) -> bool:
        """Whether the constant is one."""
        return abs(self.factor - 1.0) < 1e-7


class Matches:
    """Finds what a value is among all adjoints and forward values of a recording.

    Two products with fixed random arrays sort out all but a few; these are compared entry by entry.

    Parameters
    ----------
    recording : Recording
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        graph = recording.graph
        self._random: dict[int, tuple[Array, Array]] = {}
        self._adjoints: dict[int, list[tuple[float, float, Kind, int, Array]]] = defaultdict(list)
        for each, array in recording.adjoints.of.items():
            self._add(Kind.WHOLE, each, array)
        uses: dict[int, int] = defaultdict(int)
        for _, each, _ in recording.adjoints.uses:
            uses[each] += 1
        for _, each, array in recording.adjoints.uses:
            if uses[each] > 1:
                self._add(Kind.PART, each, array)
        for parameter, found in recording.tangents:
            for array in found.values():
                if not equal(np.ones(np.shape(array)), np.abs(array), RECORDING.equal):
                    self._add(Kind.TANGENT, parameter, array)
        self._forward: dict[int, list[tuple[float, int]]] = defaultdict(list)
        of_loss = graph.ancestors(recording.adjoints.of)
        sites = {graph.values[each].site for each in of_loss if graph.values[each].phase == 0} - {None}
        others = {value.id for value in graph.values if value.phase == 0 and value.site in sites}
        for each in of_loss | others:
            array = graph.values[each].array
            if np.any(array) and np.asarray(array).dtype.kind in "fc":
                for order in _orders(array):
                    key = self.keys(order)[0]
                    if math.isfinite(key):
                        self._forward[order.size].append((key, each))
        for entries in self._forward.values():
            entries.sort()
        self._sorted = {
            size: (np.array([e[0] for e in entries]), np.array([e[1] / e[0] for e in entries]), entries)
            for size, entries in self._adjoints.items()
        }

        self._firsts = {size: np.sort(firsts) for size, (firsts, _, _) in self._sorted.items()}

    def keys(self, flat: Array) -> tuple[float, float]:
        """The products of an array of one dimension with two random ones."""
        if flat.size not in self._random:
            generator = np.random.default_rng(flat.size)
            self._random[flat.size] = generator.standard_normal(flat.size), generator.standard_normal(flat.size)
        one, other = self._random[flat.size]
        return float(np.real(one @ flat)), float(np.real(other @ flat))

    def _add(self, kind: Kind, of: int, array: Any) -> None:
        flat = np.asarray(array, dtype=np.float64).reshape(-1)
        if np.any(flat) and np.all(np.isfinite(flat)):
            one, other = self.keys(flat)
            if one:
                self._adjoints[flat.size].append((one, other, kind, of, flat))

    def of(self, array: Any) -> list[Match]:
        """Of which adjoints an array is a multiple; whole ones first, and those with a constant of one."""
        found: list[Match] = []
        for flat in _orders(array):
            if flat.size not in self._sorted or not np.any(flat) or not np.all(np.isfinite(flat)):
                continue
            one, other = self.keys(flat)
            if not one:
                continue
            firsts, ratios, entries = self._sorted[flat.size]
            tolerance = max(1e-6, 10 * self._recording.tolerance)
            close = np.abs(ratios - other / one) <= tolerance * np.maximum(1.0, np.abs(ratios))
            if flat.size == 1:  # all numbers are multiples of each other
                close &= np.abs(one / firsts - 1.0) <= self._recording.tolerance
            for i in np.flatnonzero(close):
                first, _, kind, of, adjoint = entries[i]
                factor = one / first
                if equal(flat, factor * adjoint, self._recording.tolerance):
                    found.append(Match(kind, of, factor))
        return sorted(dict.fromkeys(found), key=lambda match: (_ORDER[match.kind], not match.exact, match.of))

    def may_be_adjoints(self, rows: Array) -> NDArray[np.bool_]:
        """Which rows of a matrix may have the entries of an adjoint, as far as a product with a random array shows."""
        if rows.shape[1] not in self._firsts:
            return np.zeros(len(rows), dtype=bool)
        firsts, random = self._firsts[rows.shape[1]], self._random[rows.shape[1]][0]
        with np.errstate(all="ignore"):  # of rows that are not finite
            keys = rows @ random
            reach = max(2e-6, 2 * self._recording.tolerance) * np.linalg.norm(rows, axis=1) * np.linalg.norm(random)
            low, high = np.searchsorted(firsts, keys - reach), np.searchsorted(firsts, keys + reach, side="right")
        return np.asarray(low < high)

    def is_forward(self, array: Any) -> bool:
        """Whether an array has the entries of a value that the loss is made of."""
        return next(self.forward(array), None) is not None

    def forward(self, array: Any) -> Iterator[int]:
        """The values that the loss is made of and that have the entries of an array."""
        for flat in _orders(array):
            key = self.keys(flat)[0] if flat.size in self._forward else 0.0
            entries, reach = self._forward.get(flat.size, []), 2e-6 * abs(key)
            first = bisect.bisect_left(entries, (key - reach,))
            for other, each in entries[first : bisect.bisect_right(entries, (key + reach, math.inf))]:
                if abs(key - other) <= 1e-6 * max(abs(key), abs(other)):
                    whole = self._recording.graph.values[each].array
                    if any(equal(flat, one, self._recording.tolerance) for one in _orders(whole)):
                        yield each


def _orders(array: Any) -> list[Array]:
    """The entries in one dimension, by rows and of a matrix also by columns."""
    array = np.asarray(array)
    if array.dtype.kind not in "fciub":
        return []
    array = array.astype(np.complex128 if array.dtype.kind == "c" else np.float64, copy=False)
    if array.ndim == 2 and min(array.shape) > 1:
        return [array.reshape(-1), array.T.reshape(-1)]
    return [array.reshape(-1)]


def reshaped(array: Any, shape: tuple[int, ...]) -> Any:
    """An array in another shape of the same size, a matrix possibly transposed; None if there is none."""
    if array is None:
        return None
    array = np.asarray(array, dtype=np.float64)
    if array.shape == shape:
        return array
    if array.size != int(np.prod(shape)):
        return None
    if array.ndim == len(shape) == 2 and array.shape == shape[::-1]:
        return array.T
    return array.reshape(shape)
