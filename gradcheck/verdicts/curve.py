"""One point of the curve of a block's error against the step."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StepGap:
    """A claimed slope beside the central difference of one step.

    Attributes
    ----------
    step : float
        Relative to the scale of the parameters.
    gap : float
        Their distance, relative to the larger of the claimed slope and of the difference that is nearest to it.
    """

    step: float
    gap: float

    def __str__(self) -> str:
        return f"step {self.step:.1e}: gap {self.gap:.1e}"
