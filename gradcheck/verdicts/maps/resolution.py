"""What a passing check of a map would have seen: further cotangents along the lines that were measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.probes.settings import PROBES
from gradcheck.subjects.maps.cotangent import random_cotangent
from gradcheck.subjects.maps.map_subject import MapSubject
from gradcheck.subjects.spaces.space import Direction
from gradcheck.subjects.subject import Block
from gradcheck.verdicts.maps.forms import Forms, FormSlope
from gradcheck.verdicts.maps.result import Resolution
from gradcheck.verdicts.maps.rows import masked
from gradcheck.verdicts.maps.settings import MAP_VERDICTS

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Suspicion:
    """A cotangent and a direction along which claim and measurement differ."""

    cotangent: Vector
    direction: Direction
    slope: FormSlope


class EntrySizes:
    """How large the claimed entries of each block are, from some rows of the Jacobian.

    Entries are compared with each other in units of how far their output moves, and of the typical size of their input.

    Parameters
    ----------
    forms : Forms
    scales : ndarray
        How far each output moves.
    rng : numpy.random.Generator
    """

    def __init__(self, forms: Forms, scales: Vector, rng: np.random.Generator) -> None:
        outputs = forms.subject.outputs
        self._scales = scales
        self._lengths = [np.asarray(each.size, dtype=np.float64) for each in forms.scaling]
        self._rows: dict[int, list[int]] = {}
        self._claims: dict[int, tuple[NDArray[np.float64], ...]] = {}
        for o, part in enumerate(outputs.slices):
            size = part.stop - part.start
            share = max(1, MAP_VERDICTS.sampled_rows // len(outputs.names))
            chosen = range(size) if size <= share else sorted(rng.choice(size, share, replace=False))
            self._rows[o] = [part.start + int(row) for row in chosen]
            for row in self._rows[o]:
                unit = np.zeros(outputs.size)
                unit[row] = 1.0
                self._claims[row] = tuple(np.abs(g.astype(np.float64)) for g in forms.pullback(unit))
        self._forms = forms
        self._medians = {
            (o, b): self._median(o, b) for o in range(len(outputs.names)) for b in range(len(forms.subject.blocks))
        }

    @property
    def outputs(self) -> int:
        """Number of outputs in the nesting."""
        return len(self._rows)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The inputs."""
        return self._forms.subject.blocks

    def _median(self, output: int, block: int) -> float:
        rows = self._rows[output]
        values = np.concatenate([self._relative(row, block).ravel() for row in rows] or [np.zeros(0)])
        some = values[values > 0]
        return float(np.median(some)) if some.size else 0.0

    def _relative(self, row: int, block: int) -> NDArray[np.float64]:
        return np.asarray(self._claims[row][block] * self._lengths[block] / self._scales[row])

    def judged(self, output: int, block: int, row: int, column: int) -> float:
        """The size by which an entry of a block is judged at least."""
        part = MAP_VERDICTS.single_judged_part if is_narrow(self._forms.subject) else MAP_VERDICTS.judged_part
        unit = self._scales[row] / float(self._lengths[block].ravel()[column])
        return float(part * self._medians[output, block] * unit)

    def contributions(self, output: int, block: int, cotangent: Vector, v: NDArray[np.float64]) -> tuple[float, float]:
        """What a small entry contributes to the slope at least, and the root of the sum of squares of all."""
        least, squares = math.inf, 0.0
        median = self._medians[output, block]
        part = own_part(self._forms.subject)
        rows = [row for row in self._rows[output] if cotangent[row] != 0]
        for row in rows:
            claim = self._claims[row][block]
            relevant = (self._relative(row, block) >= part * median) & (claim > 0) & (v != 0)
            each = abs(cotangent[row]) * claim * np.abs(v)
            squares += float((each**2).sum())
            if relevant.any():
                least = min(least, float(each[relevant].min()))
        height = self._forms.subject.outputs.sizes[output]
        norm = math.sqrt(squares * height / max(1, len(rows)))
        return (0.0 if least == math.inf else least), norm


def is_narrow(subject: MapSubject) -> bool:
    """Whether some inputs are in less than double precision."""
    return any(dtype.itemsize < 8 for dtype in subject.types)


def own_part(subject: MapSubject) -> float:
    """The resolution holds for entries of at least this part of the median of their block."""
    return MAP_VERDICTS.narrow_own_part if is_narrow(subject) else MAP_VERDICTS.own_part


def compare_cotangents(
    forms: Forms,
    sizes: EntrySizes,
    scales: Vector,
    directions: Sequence[Direction],
    first: Vector,
    rtol: float,
    rng: np.random.Generator,
) -> tuple[dict[tuple[int, int], Resolution], list[Suspicion]]:
    """Compare further cotangents along directions that were measured already.

    Returns
    -------
    resolutions : dict
        By output and input.
    suspicions : list of Suspicion
        The clearest first.
    """
    outputs, space = forms.subject.outputs, forms.subject.space
    cotangents = [first, *(random_cotangent(scales, rng) for _ in range(MAP_VERDICTS.cotangents))]
    several = len(outputs.names) > 1
    found: dict[tuple[int, int], Resolution] = {}
    suspicions: list[Suspicion] = []
    for direction in directions:
        moved = space.moved(direction)
        for number, cotangent in enumerate(cotangents):
            for chosen in (
                [range(len(outputs.names))] if not several or number > 1 else [[o] for o in range(len(outputs.names))]
            ):
                rows = np.concatenate([np.arange(outputs.slices[o].start, outputs.slices[o].stop) for o in chosen])
                weighed = masked(cotangent, rows.astype(np.intp)) if several else cotangent
                shares = {
                    (o, b): sizes.contributions(o, b, weighed, space.array(direction, b)) for o in chosen for b in moved
                }
                least = min((small for small, _ in shares.values() if small > 0), default=0.0)
                slope = forms.slope(
                    weighed, direction, target=MAP_VERDICTS.target * rtol * least, cost=PROBES.slope_cost
                )
                if slope.kink or not math.isfinite(slope.numeric):
                    continue
                if slope.clear:
                    suspicions.append(Suspicion(weighed, direction, slope))
                for key, (small, norm) in shares.items() if math.isfinite(slope.error) else ():
                    found[key] = _better(found.get(key), resolution_of(slope, small, norm, rtol))
    suspicions.sort(key=lambda one: one.slope.clearness, reverse=True)
    return {key: one for key, one in found.items() if one.entry is not None}, suspicions


def resolution_of(slope: FormSlope, small: float, norm: float, rtol: float) -> Resolution:
    """What one cotangent along one direction would have shown.

    An error in one entry shows if it is worth more than `followed` error bars beside the gap that there is already. The
    same relative error in all entries makes a gap that is nearly normal, see `gradcheck.reports.build`.
    """
    if not small > 0 or not norm > 0:
        return Resolution()
    seen = (MAP_VERDICTS.followed + 1) * slope.error + abs(slope.gap)
    quantile = MAP_VERDICTS.miss**0.5 / math.sqrt(2 / math.pi)
    return Resolution(
        MAP_VERDICTS.proved * rtol + seen / small,
        max(rtol, seen / (quantile * norm)),
        abs(slope.gap) / norm,
        slope.error / norm,
    )


def _better(one: Resolution | None, other: Resolution) -> Resolution:
    if one is None or one.entry is None:
        return other
    if other.entry is None or other.entry >= one.entry:
        return one
    return other
