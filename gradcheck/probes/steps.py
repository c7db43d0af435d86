"""Which steps may be taken from a point, and where the step sequence starts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gradcheck.differences.settings import STEPS
from gradcheck.probes.settings import PROBES


@dataclass(frozen=True, slots=True)
class StepPolicy:
    """Exponents of the steps from a point, in units of the typical size of each parameter.

    Attributes
    ----------
    bits : int
        The smallest step is 2^-bits: down to it steps are exact.
    largest : int
        Exponent of the largest step.
    start : int or None
        Exponent of the first step; None leaves it to be chosen by noise and target.
    """

    bits: int
    largest: int = STEPS.largest
    start: int | None = None

    def with_start(self, start: int | None) -> StepPolicy:
        """The same with another first step."""
        return StepPolicy(self.bits, self.largest, start)

    @property
    def limits(self) -> tuple[int, int]:
        """Exponents of the smallest and of the largest step; there is always room for one run of steps."""
        return -self.bits, max(self.largest, STEPS.run - 1 - self.bits)

    def first_step(self, noise: float, target: float) -> int:
        """Exponent half-way between the least step whose round-off reaches the target and a large one.

        From there the step sequence has room to shrink where the loss is rough, and to grow where it is noisier than
        measured. Without a target it is half-way between the smallest step and a large one.

        Parameters
        ----------
        noise : float
            Bound on the error of one value of the loss.
        target : float
            The error bar to reach.
        """
        largest = min(self.largest - STEPS.run, PROBES.first_exponent)
        least = math.log2(max(noise, 5e-324)) - math.log2(target) if target > 0 else -self.bits
        return int(min(max((least + largest) / 2, -self.bits + PROBES.first_margin), largest))
