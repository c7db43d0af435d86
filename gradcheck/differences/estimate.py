"""The numerical derivative of a function at 0, always with its error bar, and how the measurement ended."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass


class Status(enum.Enum):
    """How an estimate ended: the value in words, and `advice` on what to do about it."""

    CONVERGED = "converged"
    NOISY = "noisy"
    ROUGH = "rough"
    KINK = "kink"
    NOT_FINITE = "not finite"
    SPENT = "budget used up"

    @property
    def advice(self) -> str:
        """What to do, in one sentence for the report."""
        return _ADVICE[self]


_ADVICE = {
    Status.CONVERGED: "The numerical derivative is precise, but the claimed gradient is in too low a precision to "
    "compare: compute it in float64.",
    Status.NOISY: "The values of the loss are too noisy for a more precise derivative: evaluate it in float64, "
    "tighten the tolerances of solvers inside it, or remove a large constant from it.",
    Status.ROUGH: "The loss curves sharply or jumps at every step size tried: look for kinks, rounding or table "
    "look-ups in it, or check at another point.",
    Status.KINK: "The loss has a kink here (its left and right derivatives differ): check at a point off the kink.",
    Status.SPENT: "The evaluation budget is used up: allow a larger one.",
    Status.NOT_FINITE: "The loss is NaN, infinite or raises next to this point: move away from the edge of its domain.",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """The central difference of one step, and the bound on its round-off."""

    step: float
    value: float
    roundoff: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """The derivative of a function of one real number at 0.

    Attributes
    ----------
    value : float
        The slope; at a kink, the mean of the two one-sided slopes.
    error : float
        A bar that covers the truth: truncation plus round-off; at a kink also both one-sided slopes.
    status : Status
        How the estimate ended.
    left, right : float
        One-sided slopes; both are `value` unless the function has a kink at 0.
    side_error : float
        The bar of each of them.
    step : float
        The smallest step that the value rests on.
    noise : float
        The bound on the error of one function value that was used.
    evaluations : int
        Function values spent on this estimate.
    start : int
        Exponent of two of the first step, from which the same steps follow again.
    rise : float
        By how much the function changes over the longest step, per unit of step.
    differences : tuple of Difference
        The plain differences that it was made from, by ascending step.
    """

    value: float
    error: float
    status: Status
    left: float
    right: float
    side_error: float
    step: float
    noise: float
    evaluations: int
    start: int
    rise: float
    differences: tuple[Difference, ...] = ()

    def __str__(self) -> str:
        text = f"{self.value:.10g} ± {self.error:.1e} ({self.status.value}, step {self.step:.1e}, "
        text += f"noise {self.noise:.1e}, {self.evaluations} evaluations)"
        return text if self.status is not Status.KINK else f"{text}: {self.left:.6g} left, {self.right:.6g} right"

    @property
    def finite(self) -> bool:
        """Whether a derivative was measured at all."""
        return math.isfinite(self.value) and math.isfinite(self.error)
