"""A block of a Jacobian along a few directions, claimed and measured: what a mistake is held against."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.maps.settings import MAP_DIAGNOSIS
from gradcheck.differences.settings import EPSILON
from gradcheck.probes.place import Place
from gradcheck.probes.settings import PROBES
from gradcheck.subjects.spaces.space import Direction
from gradcheck.verdicts.entry import index_of
from gradcheck.verdicts.maps.forms import Forms
from gradcheck.verdicts.maps.result import PairResult
from gradcheck.verdicts.maps.settings import MAP_VERDICTS

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class BlockView:
    """Some rows of a block at one point, along some directions.

    Attributes
    ----------
    rows : tuple of int
        Places in the flat output.
    claimed, numeric, error : ndarray
        One row for each of `rows`, one column for each direction.
    tolerance : float
        What may differ beside the error bars, as a part of a row.
    columns : bool
        Whether the directions are the parameters one by one.
    """

    rows: tuple[int, ...]
    claimed: Matrix
    numeric: Matrix
    error: Matrix
    tolerance: float
    columns: bool = False

    def same(self, made: Matrix, error: Matrix | None = None, rows: slice | Sequence[int] = slice(None)) -> bool:
        """Whether a mistake makes the claimed numbers, in some rows or in all."""
        return bool(self.explained(made, error)[rows].all())

    def explained(self, made: Matrix, error: Matrix | None = None) -> NDArray[np.bool_]:
        """In which places a mistake makes the claimed numbers."""
        bars = self.error if error is None else error
        sizes = np.maximum(np.abs(self.claimed), np.abs(made)).max(axis=1, keepdims=True, initial=0.0)
        return np.asarray(np.abs(self.claimed - made) <= MAP_DIAGNOSIS.bars * bars + (self.tolerance + EPSILON) * sizes)

    @property
    def right(self) -> NDArray[np.bool_]:
        """In which rows the claim is right."""
        return np.asarray(self.explained(self.numeric).all(axis=1))

    def factor(self, rows: Sequence[int] | slice = slice(None)) -> float | None:
        """The constant by which the claim differs from what was measured in some rows; None if there is none."""
        claimed, numeric = self.claimed[rows], self.numeric[rows]
        bottom = float((numeric**2).sum())
        if not bottom > 0:
            return None
        factor = float((claimed * numeric).sum() / bottom)
        vague = MAP_DIAGNOSIS.bars * self.error[rows] > np.abs(numeric).max(initial=0.0)
        if factor == 0.0 or abs(factor - 1.0) <= MAP_DIAGNOSIS.near_one or vague.all():
            return None
        return factor if self.same(factor * self.numeric, abs(factor) * self.error, rows) else None


class PairViews:
    """A pair of an output and an input at the point that decided, and at a generic one if the claim is known there.

    Parameters
    ----------
    pair : PairResult
    """

    def __init__(self, pair: PairResult) -> None:
        assert pair.forms is not None
        self.pair, self.forms = pair, pair.forms
        self.subject = self.forms.subject
        self.part = self.subject.outputs.slices[pair.output]
        narrow = any(dtype.itemsize < 8 for dtype in self.subject.types)
        self.tolerance = MAP_DIAGNOSIS.narrow_tolerance if narrow else MAP_DIAGNOSIS.tolerance
        self.here = self._here()
        self._there: BlockView | None = None
        self._elsewhere: Forms | None = None

    def within(self, tolerance: float) -> PairViews:
        """The same measurements, of which a mistake may differ by another tolerance."""
        found = copy.copy(self)
        found.tolerance = tolerance
        found.here = replace(self.here, tolerance=tolerance)
        found._there = None if self._there is None else replace(self._there, tolerance=tolerance)
        return found

    def _here(self) -> BlockView:
        measured = self.pair.measured
        if measured is not None:
            rows = tuple(row - self.part.start for row in measured.rows)
            return BlockView(rows, measured.claimed, measured.numeric, measured.error, self.tolerance, columns=True)
        return self._along(self.forms, self._rows(), self._directions(self.forms, MAP_DIAGNOSIS.directions))

    def _rows(self) -> list[int]:
        size = self.part.stop - self.part.start
        if size <= MAP_DIAGNOSIS.rows or self.pair.rows is None:
            step = max(1, size // MAP_DIAGNOSIS.rows)
            return list(range(0, size, step))[: MAP_DIAGNOSIS.rows]
        return list(self.pair.rows)

    def _directions(self, forms: Forms, count: int) -> list[Direction]:
        return [forms._prober.line([self.pair.block]).direction for _ in range(count)]

    def _along(self, forms: Forms, rows: Sequence[int], directions: Sequence[Direction]) -> BlockView:
        shape = (len(rows), len(directions))
        claimed, numeric, error = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        for k, direction in enumerate(directions):
            for n, row in enumerate(rows):
                unit = np.zeros(self.subject.outputs.size)
                unit[self.part.start + row] = 1.0
                found = forms.slope(unit, direction, target=0.0, cost=MAP_VERDICTS.column_cost)
                claimed[n, k], numeric[n, k], error[n, k] = found.claimed, found.numeric, found.error
        return BlockView(tuple(rows), claimed, numeric, error, self.tolerance)

    @property
    def elsewhere(self) -> Forms | None:
        """Forms at a generic point; None where the claim is not known there, or the budget does not allow it."""
        if self._elsewhere is None and not self.subject.only_here and self.forms.left >= MAP_DIAGNOSIS.least_budget:
            prober = self.forms._prober
            shift = prober.subject.space.generic_shift(
                prober.data.point, prober.data.scaling, prober.rng, PROBES.generic_least
            )
            there = prober.displaced(shift, MAP_DIAGNOSIS.generic_distance, Place.GENERIC)
            if there is not None:
                self._elsewhere = Forms(self.subject, there, self.forms.limit)
        return self._elsewhere

    def there(self, rows: Sequence[int] | None = None) -> BlockView | None:
        """Some rows at a generic point, along fewer directions; None where there is none."""
        forms = self.elsewhere
        if forms is None:
            return None
        if rows is None:
            if self._there is None:
                step = max(1, len(self.here.rows) // MAP_DIAGNOSIS.rows)
                chosen = self.here.rows[::step]
                self._there = self._along(forms, chosen, self._directions(forms, 2))
            return self._there
        return self._along(forms, rows, self._directions(forms, 2))

    def columns_elsewhere(self, columns: Sequence[int]) -> BlockView | None:
        """Some columns at a generic point, in all rows that were looked at; None where there is none."""
        forms = self.elsewhere
        if forms is None or forms.left < MAP_VERDICTS.column_cost * len(columns):
            return None
        block = self.subject.blocks[self.pair.block]
        found = [forms.column(self.pair.block, index_of(column, block.shape), forms._prober.rng) for column in columns]
        view = self._along(forms, self.here.rows, [direction for direction, _ in found])
        lengths = np.array([length for _, length in found])
        return replace(
            view,
            claimed=view.claimed / lengths,
            numeric=view.numeric / lengths,
            error=view.error / np.abs(lengths),
            columns=True,
        )

    def crossed(self) -> tuple[Matrix, Matrix, Matrix] | None:
        """⟨v, J w⟩ for random v and w of the shape of the input: claimed, measured and error bar, by v and w."""
        block = self.subject.blocks[self.pair.block]
        if block.size != self.part.stop - self.part.start or self.forms.left < MAP_DIAGNOSIS.least_budget:
            return None
        directions = self._directions(self.forms, MAP_DIAGNOSIS.directions)
        count = len(directions)
        claimed, numeric, error = (np.zeros((count, count)) for _ in range(3))
        for k, direction in enumerate(directions):
            for n, other in enumerate(directions):
                cotangent = np.zeros(self.subject.outputs.size)
                vector = self.subject.space.array(other, self.pair.block).ravel()
                cotangent[self.part] = vector / np.abs(vector).max()
                found = self.forms.slope(cotangent, direction, target=0.0, cost=MAP_VERDICTS.column_cost)
                scale = float(np.abs(vector).max())
                claimed[n, k], numeric[n, k] = scale * found.claimed, scale * found.numeric
                error[n, k] = scale * found.error
        return claimed, numeric, error
