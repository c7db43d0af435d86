"""Why a block is left undecided although there is a slope, and what would decide it."""

from __future__ import annotations

import enum


class Doubt(enum.Enum):
    """The value says why in words, `remedy` what to do; as a string it is both.

    Doubts about one slope are told by `gradcheck.differences.estimate.Status`.
    """

    UNSTEADY = "the loss is not the same at each call"
    CANCELLED = "the claim is the rounding of terms that cancel"
    SHORT = "the loss changes within a very short distance, too short to tell"
    FAINT = "the rounding of the loss hides how it depends on this block"
    STEPS = "the loss goes in steps here, and slopes between say little"
    UNCLEAR = "a gap too close to the noise to be told"
    SPENT = "claim and slope part, but the budget ended before that was proved"
    UNPROVED = "claim and slope part, but the budget ended before that was proved: another block is wrong"
    KINKS = "kinks everywhere around this point"
    BESIDE = "on a kink, and on one side of it the claim is a little off"
    SEVERAL = "on several kinks at once, where no single entry can be judged"
    SUBGRADIENT = "a valid subgradient of a kink, which is all that could be told: small errors are not seen here"
    ELSEWHERE = "claim and slope part at a generic point nearby; whether the gradient is wrong cannot be told"

    @property
    def remedy(self) -> str:
        """What would decide it."""
        return _REMEDY[self]

    def __str__(self) -> str:
        return f"{self.value}. {self.remedy}"


_OFF = "Check at a point off the kinks: add a small random number to every parameter."

_REMEDY = {
    Doubt.UNSTEADY: "Fix its random seed, or draw what is random once, outside of it.",
    Doubt.CANCELLED: "Check at another point, where they do not cancel, or compute the gradient in float64.",
    Doubt.SHORT: "Check at another point, or in units in which the loss changes over about the size of the parameters.",
    Doubt.FAINT: "Remove a large constant from it, or check where the block matters more: with larger weights, say, or "
    "units that are not saturated.",
    Doubt.STEPS: "Take rounding, thresholds and table look-ups out of it; compute the logarithm of a probability near "
    "one from its logit.",
    Doubt.UNCLEAR: "Evaluate the loss in float64, tighten the tolerances of solvers in it, or allow a larger budget.",
    Doubt.SPENT: "Allow a larger budget.",
    Doubt.UNPROVED: "Mend that block first, or allow a larger budget.",
    Doubt.KINKS: "Check at another point, or a smooth variant of the loss.",
    Doubt.BESIDE: _OFF,
    Doubt.SEVERAL: _OFF,
    Doubt.SUBGRADIENT: _OFF,
    Doubt.ELSEWHERE: "Check at a few other points, or allow a larger budget.",
}
