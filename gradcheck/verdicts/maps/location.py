"""From a block of a Jacobian that is wrong to its wrong entries: inputs by the engine, outputs by halving."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gradcheck.probes.settings import PROBES
from gradcheck.subjects.maps.map_subject import MapSubject
from gradcheck.subjects.spaces.space import Direction
from gradcheck.verdicts.entry import Entry, index_of
from gradcheck.verdicts.maps.forms import Forms
from gradcheck.verdicts.maps.resolution import EntrySizes
from gradcheck.verdicts.maps.result import Measured, PairResult, Resolution
from gradcheck.verdicts.maps.rows import clearest_row, masked, wrong_rows
from gradcheck.verdicts.maps.settings import MAP_VERDICTS
from gradcheck.verdicts.result import CheckResult
from gradcheck.verdicts.verdict import Verdict

Vector = NDArray[np.float64]


class Check(Protocol):
    """What the location needs of the check that it is a part of."""

    subject: MapSubject
    limit: int
    first: Vector
    rng: np.random.Generator

    @property
    def left(self) -> int:  # noqa: D102
        ...

    def checked(self, cotangent: Vector, *, verdict_only: bool | None = None) -> CheckResult:  # noqa: D102
        ...


def located(pair: PairResult, check: Check, sizes: EntrySizes | None) -> PairResult:
    """Add to a pair that failed where it is wrong."""
    if pair.result.screening is None or sizes is None:
        return pair
    forms = Forms(check.subject, pair.result.screening.prober, check.limit)
    return _Location(pair, forms, check, sizes).run()


def with_every_entry(pair: PairResult, check: Check, sizes: EntrySizes | None) -> PairResult:
    """Add all entries to a pair."""
    if pair.complete or pair.result.screening is None or sizes is None:
        return pair
    return _Location(pair, Forms(check.subject, pair.result.screening.prober, check.limit), check, sizes).every_entry()


class _Location:
    """One block of the Jacobian, at the point that decided."""

    def __init__(self, pair: PairResult, forms: Forms, check: Check, sizes: EntrySizes) -> None:
        self.pair, self.forms, self.check = pair, forms, check
        self.subject = check.subject
        self.block = self.subject.blocks[pair.block]
        self.part = self.subject.outputs.slices[pair.output]
        self.rows = range(self.part.start, self.part.stop)
        self.rtol = forms._prober.data.rtol
        self.sizes = sizes
        self._columns: dict[int, tuple[Direction, float]] = {}

    def run(self) -> PairResult:
        size, rows = self.block.size, len(self.rows)
        affordable = self.check.left >= size * MAP_VERDICTS.column_cost
        if size <= MAP_VERDICTS.small_inputs and size * rows <= MAP_VERDICTS.small_matrix and affordable:
            return self._all()
        location = self.pair.result.location
        wrong = [entry.index for entry in (location.entries if location else ()) if entry.wrong]
        known = location is not None and (location.listed or location.counted)
        if known and wrong and len(wrong) <= MAP_VERDICTS.few_columns:
            found = self._in_columns([_flat(index, self.block.shape) for index in wrong])
            if found is not None:
                return found
        found = self._in_rows()
        if found is not None:
            return found
        return self._some([_flat(index, self.block.shape) for index in wrong])

    # -- all of a small block -------------------------------------------------------------------------------------

    def every_entry(self) -> PairResult:
        """All entries of a block, as far as the budget allows it; a clearly wrong one refutes a pass."""
        if self.check.left < self.block.size * MAP_VERDICTS.column_cost:
            return self.pair
        found = self._all()
        if self.pair.verdict is Verdict.PASS and self.pair.result.refuted_by(found.entries):
            return replace(found, verdict=Verdict.FAIL, resolution=Resolution(), note="")
        return replace(found, rows=self.pair.rows, listed=self.pair.listed)

    def _all(self) -> PairResult:
        measured = self.measured(list(self.rows), range(self.block.size))
        entries = [
            self._entry_of(measured, i, j) for i in range(len(measured.rows)) for j in range(len(measured.columns))
        ]
        wrong_rows_found = sorted({row for row, entry in self._by_row(measured, entries) if entry.wrong})
        return replace(
            self.pair,
            entries=tuple(entries),
            complete=True,
            listed=True,
            rows=tuple(wrong_rows_found),
            measured=measured,
            forms=self.forms,
        )

    def _by_row(self, measured: Measured, entries: Sequence[Entry]) -> list[tuple[int, Entry]]:
        columns = len(measured.columns)
        return [(measured.rows[k // columns] - self.part.start, entry) for k, entry in enumerate(entries)]

    def measured(self, rows: Sequence[int], columns: Sequence[int]) -> Measured:
        """Entries of some rows and columns, claimed and measured."""
        shape = (len(rows), len(columns))
        claimed, numeric, error = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        for k, column in enumerate(columns):
            for n, row in enumerate(rows):
                claimed[n, k], numeric[n, k], error[n, k] = self._measured_entry(row, column)
        return Measured(tuple(rows), tuple(columns), claimed, numeric, error)

    def _column(self, column: int) -> tuple[Direction, float]:
        if column not in self._columns:
            index = index_of(column, self.block.shape)
            self._columns[column] = self.forms.column(self.pair.block, index, self.check.rng)
        return self._columns[column]

    def _least(self, row: int, column: int) -> float:
        """The size by which an entry is judged at least."""
        return self.sizes.judged(self.pair.output, self.pair.block, row, column)

    def _measured_entry(self, row: int, column: int) -> tuple[float, float, float]:
        direction, length = self._column(column)
        unit = np.zeros(self.subject.outputs.size)
        unit[row] = 1.0
        index = index_of(column, self.block.shape)
        claimed = float(self.forms.pullback(unit)[self.pair.block][index])
        target = PROBES.entry_target * self.rtol * max(abs(claimed), self._least(row, column)) * abs(length)
        found = self.forms.slope(unit, direction, target=target, cost=MAP_VERDICTS.column_cost)
        return claimed, found.numeric / length, found.error / abs(length)

    def _entry_of(self, measured: Measured, i: int, j: int) -> Entry:
        row, column = measured.rows[i] - self.part.start, measured.columns[j]
        index = (*index_of(row, self.subject.outputs.shapes[self.pair.output]), *index_of(column, self.block.shape))
        claimed, numeric, error = (float(a[i, j]) for a in (measured.claimed, measured.numeric, measured.error))
        least = self._least(measured.rows[i], measured.columns[j])
        return judged_entry(index, claimed, numeric, error, self.rtol, least)

    # -- few columns or few rows ----------------------------------------------------------------------------------

    def _in_columns(self, columns: Sequence[int]) -> PairResult | None:
        """The wrong outputs in each of a few columns; None if they are many."""
        entries: list[Entry] = []
        for column in columns:
            if self.check.left < MAP_VERDICTS.column_cost:
                return None
            direction, _ = self._column(column)
            rows = wrong_rows(self.forms, self.check.first, direction, self.rows, most=MAP_VERDICTS.few_rows)
            if rows is None:
                return None
            entries += self._entries(rows, [column])
        wrong = [entry for entry in entries if entry.wrong]
        if not wrong:
            return None
        return replace(self.pair, entries=tuple(wrong), listed=True, rows=self._rows_of(wrong), forms=self.forms)

    def _in_rows(self) -> PairResult | None:
        """The wrong inputs in each of a few rows; None if there are many rows."""
        assert self.pair.result.screening is not None
        whole = self.pair.result.screening.line.direction
        direction = self.forms.part(whole, {self.pair.block})
        if not self.subject.space.moved(direction):
            return None
        rows = wrong_rows(self.forms, self.check.first, direction, self.rows, most=MAP_VERDICTS.few_rows)
        if not rows:
            return None
        entries: list[Entry] = []
        listed = True
        for row in rows:
            if self.check.left < 2 * MAP_VERDICTS.column_cost or row in rows[MAP_VERDICTS.rows_examined :]:
                listed = False
                break
            result = self.check.checked(masked(self.check.first, np.array([row]))).blocks[self.pair.block]
            location = result.location
            if result.verdict is not Verdict.FAIL or location is None:
                continue
            listed = listed and (location.listed or location.counted)
            columns = [_flat(entry.index, self.block.shape) for entry in location.entries if entry.wrong]
            entries += self._entries([row], columns[: MAP_VERDICTS.few_columns])
        return replace(
            self.pair,
            entries=tuple(entry for entry in entries if entry.wrong),
            listed=listed and bool(entries),
            rows=tuple(row - self.part.start for row in rows),
            forms=self.forms,
        )

    def _some(self, columns: Sequence[int]) -> PairResult:
        """An entry or two of a block that is wrong in many places."""
        entries: list[Entry] = []
        for column in columns[:2]:
            if self.check.left < MAP_VERDICTS.column_cost:
                break
            direction, _ = self._column(column)
            row = clearest_row(self.forms, self.check.first, direction, self.rows)
            if row is not None:
                entries += self._entries([row], [column])
        return replace(self.pair, entries=tuple(entries), forms=self.forms)

    def _entries(self, rows: Sequence[int], columns: Sequence[int]) -> list[Entry]:
        measured = self.measured(rows, columns)
        return [self._entry_of(measured, i, j) for i in range(len(rows)) for j in range(len(columns))]

    def _rows_of(self, entries: Sequence[Entry]) -> tuple[int, ...]:
        depth = len(self.subject.outputs.shapes[self.pair.output])
        shape = self.subject.outputs.shapes[self.pair.output]
        return tuple(sorted({_flat(entry.index[:depth], shape) for entry in entries}))


def judged_entry(
    index: tuple[int, ...], claimed: float, numeric: float, error: float, rtol: float, least: float
) -> Entry:
    """An entry with its verdict, judged as those of gradients are.

    Its gap matters from `rtol` of its size on, or of `least`; of the claimed and the measured size the smaller counts
    where the claim is not smaller than `least`.
    """
    scale = max(abs(claimed), least)
    if abs(claimed) >= scale and abs(numeric) > error:
        scale = min(scale, abs(numeric))
    gap = abs(claimed - numeric)
    material = gap - error > rtol * scale
    wrong = material and gap > PROBES.proof * error
    resolved = error <= rtol * max(scale, least) and not (gap > error and material)
    return Entry(index, claimed, numeric, error, wrong=wrong or not math.isfinite(claimed), resolved=resolved)


def _flat(index: tuple[int, ...], shape: tuple[int, ...]) -> int:
    return int(np.ravel_multi_index(index, shape)) if shape else 0
