"""What is known of the derivative of a map: one result for each pair of an output and an input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gradcheck.probes.observation import Observation
from gradcheck.probes.place import Place
from gradcheck.subjects.maps.map_subject import MapSubject
from gradcheck.verdicts.entry import Entry
from gradcheck.verdicts.maps.forms import Forms
from gradcheck.verdicts.maps.settings import MAP_VERDICTS
from gradcheck.verdicts.result import BlockResult, CheckResult
from gradcheck.verdicts.verdict import Verdict

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Resolution:
    """What would have been seen in a block that passes.

    Attributes
    ----------
    entry : float or None
        The smallest relative error of one entry.
    block : float or None
        The smallest relative error, the same in all entries.
    gap, error_bar : float
        The largest gap that was found, and the error bar, relative to what the block contributes.
    """

    entry: float | None = None
    block: float | None = None
    gap: float = 0.0
    error_bar: float = 0.0

    @property
    def is_blind(self) -> bool:
        """Whether all of what the block contributes might be off, and not be seen."""
        return not self.gap + (MAP_VERDICTS.followed + 1) * self.error_bar <= 1.0


@dataclass(frozen=True)
class Measured:
    """Columns of a block, claimed and measured, in the rows that were looked at.

    Attributes
    ----------
    rows, columns : tuple of int
        Which ones, as places in the flat output and input.
    claimed, numeric, error : ndarray
        One row for each of `rows`, one column for each of `columns`.
    """

    rows: tuple[int, ...]
    columns: tuple[int, ...]
    claimed: Matrix
    numeric: Matrix
    error: Matrix


@dataclass(frozen=True)
class PairResult:
    """One output and one input.

    Attributes
    ----------
    output, block : int
    verdict : Verdict
    result : BlockResult
        The decision that it rests on, about a scalar function of the map.
    entries : tuple of Entry
        Index of the output, then index of the input.
    complete : bool
        Whether these are all entries of the block.
    listed : bool
        Whether these are all its wrong entries.
    rows : tuple of int or None
        The wrong outputs, as places in the flat output, if they are few.
    measured : Measured or None
        All of a small block.
    forms : Forms or None
        Where it was decided.
    resolution : Resolution
    note : str
    """

    output: int
    block: int
    verdict: Verdict
    result: BlockResult
    entries: tuple[Entry, ...] = ()
    complete: bool = False
    listed: bool = False
    rows: tuple[int, ...] | None = None
    measured: Measured | None = None
    forms: Forms | None = None
    resolution: Resolution = field(default_factory=Resolution)
    note: str = ""

    @property
    def place(self) -> Place:
        """The point that decided."""
        return self.result.place

    @property
    def worst(self) -> Entry | None:
        """The entry with the largest gap."""
        return max(self.entries, key=lambda entry: abs(entry.gap), default=None)


@dataclass(frozen=True)
class MapResult:
    """All pairs of outputs and inputs of a map.

    Attributes
    ----------
    subject : MapSubject
    pairs : tuple of PairResult
    whole : CheckResult
        The check of a scalar function of the map.
    scales : ndarray
        How far each output moves when all inputs move by their typical sizes.
    observations : tuple of Observation
    """

    subject: MapSubject
    pairs: tuple[PairResult, ...]
    whole: CheckResult
    scales: Matrix
    observations: tuple[Observation, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Fail if one pair fails, else undecided if one is, else pass."""
        return worst_of([pair.verdict for pair in self.pairs])


def worst_of(verdicts: Sequence[Verdict]) -> Verdict:
    """Fail if there is one, else undecided, else pass."""
    return next((v for v in (Verdict.FAIL, Verdict.UNDECIDED) if v in verdicts), Verdict.PASS)
