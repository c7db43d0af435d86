"""The curve of a block's error against the step: a claimed slope beside the central difference of each step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gradcheck.differences.estimate import Difference
from gradcheck.probes.screening import Screening


@dataclass(frozen=True, slots=True)
class StepGap:
    """A claimed slope beside the central difference of one step.

    Attributes
    ----------
    step : float
        Relative to the scale of the parameters.
    gap : float
        Their distance, relative to what the block contributes to the slope, as is the relative error of a block.
    bar : float
        Bound on the rounding of the difference, relative to the same.
    """

    step: float
    gap: float
    bar: float

    def __str__(self) -> str:
        return f"step {self.step:.1e}: gap {self.gap:.1e}, rounding {self.bar:.1e}"


def step_gaps(claimed: float, differences: Iterable[Difference], scale: float) -> tuple[StepGap, ...]:
    """The curve of some central differences.

    Parameters
    ----------
    claimed : float
        The claimed slope along their line.
    differences : iterable of Difference
    scale : float
        What gaps are relative to; there is no curve where it is zero.
    """
    if not scale > 0.0:
        return ()
    return tuple(StepGap(d.step, abs(d.value - claimed) / scale, d.roundoff / scale) for d in differences)


def gap_scale(screening: Screening) -> float:
    """What the gap along a line is relative to: what the block contributes.

    The larger of the two slopes, if the line moves this block alone and one of them is larger.
    """
    comparison = screening.comparison
    own = max(abs(comparison.claimed), abs(comparison.estimate.value)) if screening.own else 0.0
    return max(screening.contribution.norm, own)


def curve_of(screening: Screening) -> tuple[StepGap, ...]:
    """The curve of the steps that the deciding measurement of a block took; it costs no evaluation."""
    return step_gaps(screening.comparison.claimed, screening.comparison.estimate.differences, gap_scale(screening))
