"""Compares a claimed slope with a measured one: is the gap larger than the error bar, and large enough to matter?"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from gradcheck.differences.estimate import Estimate, Status
from gradcheck.probes.settings import PROBES


@dataclass(frozen=True, slots=True)
class Comparison:
    """The claimed slope along one line against the measured one.

    Attributes
    ----------
    claimed : float
        Claimed slope, g·v.
    rounding : float
        How far it may be off because the claim is rounded to its type.
    estimate : Estimate
        Measured slope.
    tolerance : float
        The smallest gap that would matter: `rtol` times what one small entry contributes to the slope.
    norm : float
        Root of the sum of squares of what all entries contribute.
    rtol : float
    zero : bool
        Whether the claim is zero, or no more than rounding. It agrees when the slope is zero within an error bar that
        is small against `reference`, or against what the loss does over the longest step.
    reference : float
        The largest first-order effect of any entry at the point.
    """

    claimed: float
    rounding: float
    estimate: Estimate
    tolerance: float
    norm: float
    rtol: float
    zero: bool = False
    reference: float = 0.0

    def judged_by(self, norm: float) -> Comparison:
        """The same for one entry, whose gap matters from `rtol` of a slope on.

        A claim that is not smaller than this slope is judged from the numerical side as well: twice the right slope is
        off by all of it, not by half.
        """
        numeric = abs(self.estimate.value)
        if abs(self.claimed) >= norm and numeric > self.error_bar:
            norm = min(norm, numeric)
        return replace(self, norm=norm, tolerance=self.rtol * norm)

    @property
    def gap(self) -> float:
        """Claimed minus measured slope."""
        return self.claimed - self.estimate.value

    @property
    def error_bar(self) -> float:
        """Error bar of the gap."""
        return self.estimate.error + self.rounding

    @property
    def significant(self) -> bool:
        """Whether the gap exceeds its error bar."""
        return abs(self.gap) > self.error_bar

    @property
    def clearness(self) -> float:
        """The gap in units of its error bar."""
        return abs(self.gap) / self.error_bar if self.error_bar > 0 else math.inf

    @property
    def material(self) -> bool:
        """Whether the gap, less its error bar, exceeds `rtol` on the scale of what all entries together contribute."""
        return abs(self.gap) - self.error_bar > self.rtol * self.norm

    @property
    def resolved(self) -> bool:
        """Whether the error bar is small enough to see an error of `rtol` in one small entry."""
        if self.zero:
            return self.estimate.rise == 0 or self.error_bar <= self.rtol * max(self.estimate.rise, self.reference)
        return self.error_bar <= self.tolerance

    @property
    def agrees(self) -> bool:
        """Whether no entry can be off by more than `rtol`, as far as one line can show."""
        return (self.resolved or self._within) and not self.disagrees

    @property
    def hidden(self) -> float:
        """How large a gap may be beyond the one that was found: the error bar.

        Where the claim is so near to the measured slope that it cannot be off by more than the tolerance, that of the
        measurement alone: the claim's own rounding may explain more, without having been that large.
        """
        return self.estimate.error if self._within and not self.resolved else self.error_bar

    @property
    def _within(self) -> bool:
        return abs(self.gap) + self.estimate.error <= self.tolerance

    @property
    def disagrees(self) -> bool:
        """Whether the gap needs a closer look: a smaller entry than most may be the cause."""
        return self.significant and (
            self.zero
            or abs(self.gap) > PROBES.ignored * self.tolerance
            or abs(self.gap) > PROBES.proof * self.error_bar
        )

    @property
    def proves(self) -> bool:
        """Whether the gap is material and so many times its error bar that a gradient can be called wrong for it."""
        return self.material and abs(self.gap) > PROBES.proof * self.error_bar

    @property
    def kink(self) -> bool:
        """Whether the one-sided slopes differ here by more than would be tolerated."""
        jump = abs(self.estimate.right - self.estimate.left)
        return self.estimate.status is Status.KINK and jump > self.tolerance and math.isfinite(jump)

    def __str__(self) -> str:
        gap = f"gap {self.gap:.2e} ± {self.error_bar:.1e}"
        return f"claimed {self.claimed:.8g}, measured {self.estimate.value:.8g}, {gap}"
