"""The derivatives of one forward value with respect to another: slopes, entry by entry, and small Jacobians."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.recording.adjoints import adjoints
from gradcheck.recording.backward_values import BackwardValues
from gradcheck.recording.dataflow import Dataflow
from gradcheck.recording.graph import Value, is_real
from gradcheck.recording.matching import Kind
from gradcheck.recording.operations import same
from gradcheck.recording.record import equal
from gradcheck.recording.rules import NoRule
from gradcheck.recording.settings import RECORDING
from gradcheck.tracebacks import pass_on_signal

Array = NDArray[Any]


#: Of all arrays that one is compared with, at most about so many entries are put into one matrix.
_MOST_ENTRIES = 2_000_000


class Slopes:
    """Finds out whether arrays are derivatives of one forward value with respect to another.

    Parameters
    ----------
    dataflow : Dataflow
    backward : BackwardValues

    Attributes
    ----------
    candidates : dict of int to list of (int or None, ndarray)
        By size all adjoints, the forward values that they belong to, parts of adjoints, and tangents.
    """

    def __init__(self, dataflow: Dataflow, backward: BackwardValues) -> None:
        self._dataflow = dataflow
        self._backward = backward
        self._recording, self._graph = dataflow.recording, dataflow.recording.graph
        self._pulled: dict[int, dict[int, Any]] = {}
        self._jacobians_by_size: dict[int, list[Any]] = {}
        self._rows: dict[int, list[tuple[list[int | None], Array]]] = {}
        self.candidates = self._adjoints_by_size()

    def is_slope(self, array: Any) -> bool:
        """Whether an array is the slope of one forward value by another, entry by entry, that enters by it alone."""
        flat = np.asarray(array, dtype=np.float64).reshape(-1)
        for outers, rows in self._candidate_rows(flat.size):
            products = rows * flat
            lost = np.any((rows == 0) & (flat != 0), axis=1)
            for k in np.flatnonzero(~lost & self._backward.matches.may_be_adjoints(products)):
                found = self._backward.matches.of(products[k])
                inner = [match.of for match in found if match.kind is Kind.WHOLE and match.exact]
                outer = outers[k]
                if inner and (outer is None or any(self._enters_by(each, outer) for each in inner)):
                    return True
        return False

    def is_jacobian(self, array: Any) -> bool:
        """Whether a small matrix holds the derivatives of one forward value by another."""
        flat = np.asarray(array, dtype=np.float64)
        if flat.ndim != 2 or flat.size > RECORDING.most_jacobian:
            return False
        n, m = flat.shape
        return any(
            equal(known, each, self._recording.tolerance)
            for rows, each in ((n, flat.reshape(-1)), (m, flat.T.reshape(-1)))
            for known in self._jacobians(rows)
            if known.size == n * m
        )

    def is_slope_alone(self, value: Value, needed: Any) -> bool:
        """Whether a value is the slope of one forward value by another, and lacks the derivative of the former."""
        now, array = np.asarray(value.array, dtype=np.float64), np.asarray(needed, dtype=np.float64)
        if now.shape != array.shape or now.size < 3 or not np.all(now) or not self.is_slope(now):
            return False
        return any(match.kind is Kind.WHOLE for match in self._backward.meaning_of(array / now))

    def has_slope_factor(self, value: Value, unit: int) -> bool:
        """Whether a line multiplies with the derivative of one forward value by another, entry by entry."""
        made = [
            v
            for v in (*self._dataflow.operands_of(value, unit), *self._dataflow.within(value, unit))
            if np.size(v.array) > 1
        ]
        made = [v for v in made if is_real(v.array) and np.ptp(v.array) > 0 and not self._backward.meaning(v)]
        return any(self.is_slope(v.array) for v in made)

    def has_a_right_value(self, source: Value, value: Value, needed: Any) -> bool:
        """Whether what a factor would have to be is the derivative of one forward value by another, or a forward value.

        Else it may be what is made of the factor that is wrong.
        """
        array, now = (
            np.asarray(self._backward.array(source), dtype=np.float64),
            np.asarray(value.array, dtype=np.float64),
        )
        if array.shape != now.shape or np.shape(needed) != now.shape or not np.all(now):
            return True
        wanted = needed * array / now
        if self._backward.matches.is_forward(wanted) or self._backward.meaning_of(wanted):
            return True
        return self.is_slope(wanted) or self.is_jacobian(wanted)

    def is_right_elsewhere(self, value: Value, user: int) -> bool:
        """Whether the expression of a helper has made a right slope from another argument, or of what itself computes.

        A helper that makes the slope at its argument, as that of a function which it calls, is right; its argument is
        not.
        """
        again = (v for v in self._graph.values if v.site == value.site and v.id != value.id and v.phase == 1)
        if any(self.is_slope(v.array) for v in again):
            return True
        units = self._recording.units
        if value.unit is None or units[value.unit].function == units[user].function:
            return False
        behind = list(self._graph.nearest(value.id, RECORDING.nearest))[1:]
        alike = [v for v in map(self._graph.values.__getitem__, behind) if np.shape(v.array) == np.shape(value.array)]
        if any(self._is_slope_of(value, outer, set(behind)) for outer in alike if outer.function is not None):
            return True
        return self._is_slope_elsewhere(value, value.unit)

    def _is_slope_of(self, value: Value, outer: Value, within: set[int]) -> bool:
        """Whether a value is the slope of another one by something behind that."""
        if not is_real(outer.array) or outer.function is same:
            return False
        try:
            found = adjoints(self._graph, {outer.id: np.ones(np.shape(outer.array))}, within).of
        except NoRule:
            return False
        slopes = (each for i, each in found.items() if i != outer.id and np.ptp(each) > 0)
        return any(
            self._recording.is_equal(each, value.array) for each in slopes if np.shape(each) == np.shape(value.array)
        )

    def _is_slope_elsewhere(self, value: Value, unit: int) -> bool:
        """Whether a value would be a slope if its unit read another forward value in place of the one that it reads."""
        read = [
            v
            for v in self._dataflow.operands_of(value, unit)
            if self._backward.matches.is_forward(v.array) and np.size(v.array) > 1
        ]
        shape = np.shape(value.array)
        if len(read) != 1 or np.shape(read[0].array) != shape:
            return False
        others = [self._graph.values[i] for i in sorted(self._recording.adjoints.of, reverse=True)]
        others = [v for v in others if np.shape(v.array) == shape and is_real(v.array)]
        for other in others[: RECORDING.nearest]:
            try:
                made = self._graph.recomputed({read[0].id: other.array}, [value.id])[value.id]
            except Exception as error:
                pass_on_signal(error)
                continue
            if np.ptp(made) > 0 and self.is_slope(made):
                return True
        return False

    def _candidate_rows(self, size: int) -> Iterator[tuple[list[int | None], Array]]:
        """The candidates of a size, some at a time: what each is the derivative by, and a row of a matrix for each."""
        candidates = self.candidates.get(size, [])
        if size not in self._rows:
            most = max(1, _MOST_ENTRIES // max(size, 1))
            parts = (candidates[i : i + most] for i in range(0, len(candidates), most))
            rows = (([of for of, _ in each], np.stack([x.reshape(-1) for _, x in each])) for each in parts)
            if len(candidates) > most:
                yield from rows
                return
            self._rows[size] = list(rows)
        yield from self._rows[size]

    def _enters_by(self, inner: int, outer: int) -> bool:
        """Whether the loss depends on a forward value by another one alone."""
        if outer not in self._pulled:
            seed = {outer: self._recording.adjoints.of[outer]}
            try:
                self._pulled[outer] = adjoints(self._graph, seed, set(self._recording.adjoints.of)).of
            except NoRule:
                self._pulled[outer] = {}
        found = self._pulled[outer].get(inner)
        return found is not None and self._recording.is_equal(self._recording.adjoints.of[inner], found)

    def _jacobians(self, n: int) -> list[Any]:
        """Derivatives of forward values of n entries by what is nearest behind them, entry by entry."""
        if n not in self._jacobians_by_size:
            values = [self._graph.values[i] for i in sorted(self._recording.adjoints.of)]
            outer = [v for v in values if np.size(v.array) == n and v.function is not None]
            found = [each for value in outer[: RECORDING.most_jacobians] for each in self._rows_of(value)]
            self._jacobians_by_size[n] = found
        return self._jacobians_by_size[n]

    def _rows_of(self, outer: Value) -> list[Any]:
        """The derivatives of a value by each of those nearest behind it, as matrices with their entries in one row.

        Once by all paths, once with the variables on the way held fixed.
        """
        n, shape = np.size(outer.array), np.shape(outer.array)
        every = set(self._graph.nearest(outer.id, RECORDING.nearest, self._recording.adjoints.of))
        made, read = self._of_variables(outer)
        found = []
        for within, ends in ((every, set[int]()), (made | read, read)):
            try:
                rows = [adjoints(self._graph, {outer.id: row.reshape(shape)}, within, ends).of for row in np.eye(n)]
            except NoRule:
                continue
            for inner in within - {outer.id}:
                m = np.size(self._graph.values[inner].array)
                if m > 1 and m * n <= RECORDING.most_jacobian:
                    parts = [np.asarray(row[inner]).reshape(-1) if inner in row else np.zeros(m) for row in rows]
                    found.append(np.concatenate(parts))
        return found

    def _of_variables(self, outer: Value) -> tuple[set[int], set[int]]:
        """The values without a name of which a forward value is made, itself included, and the variables behind."""
        made, read, waiting = {outer.id}, set[int](), [outer.id]
        while waiting and len(made) < RECORDING.nearest:
            for i in self._graph.values[waiting.pop()].inputs:
                if i not in self._recording.adjoints.of:
                    continue
                inner = self._graph.values[i]
                if inner.names or inner.function is None:
                    read.add(i)
                elif i not in made:
                    made.add(i)
                    waiting.append(i)
        return made, read

    def _adjoints_by_size(self) -> dict[int, list[tuple[int | None, Any]]]:
        """Adjoints of forward values by size, each different one once, later ones first; then parts, and tangents."""
        found: dict[int, list[tuple[int | None, Any]]] = defaultdict(list)
        seen: set[tuple[int, str]] = set()
        whole = sorted(self._recording.adjoints.of.items(), key=lambda each: -each[0])
        parts = [(of, part) for _, of, part in self._recording.adjoints.uses]
        forward = [(None, array) for _, found in self._recording.tangents for array in found.values()]
        for each, adjoint in [*whole, *parts, *forward]:
            array = np.asarray(adjoint, dtype=np.float64)
            mark = array.size, f"{self._backward.matches.keys(array.reshape(-1))[0]:.8e}"
            if mark not in seen:
                seen.add(mark)
                found[array.size].append((each, array))
        return found
