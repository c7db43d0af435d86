"""Why a block is undecided although its slope was measured, and what would settle it."""

from __future__ import annotations

import enum


class UndecidedReason(enum.Enum):
    """The value is the reason in words, `remedy` what to do; as a string it is both.

    `gradcheck.differences.estimate.Status` has the reasons that concern one slope.
    """

    UNSTEADY = "the loss is not the same at each call"
    CANCELLED = "the claimed gradient is pure round-off: its terms cancel"
    SHORT = "the loss changes within a very short distance, too short to measure"
    FAINT = "this block changes the loss by less than the rounding error of the loss"
    COARSE = (
        "a small error in one entry of this block would change the loss by less than the rounding error of the loss"
    )
    STAIRCASE = "the loss is piecewise constant at this scale, so its numerical derivative is unreliable"
    SOLVER = "the gap is spread over the entries, and may be what the tolerance of a solver in the loss makes"
    TOLERANCE = "the tolerance of a solver in the loss or in its gradient makes the gap"
    UNDERFLOW = "the claimed gradient is zero because its type holds no number as small as the numerical derivative"
    UNCLEAR = "the gap is too close to the noise to decide"
    SPENT = "the claimed and numerical derivatives disagree, but the evaluation budget ended before this was confirmed"
    UNPROVED = (
        "the claimed and numerical derivatives disagree, but the rest of the evaluation budget is kept to diagnose a "
        "block that is already known to be wrong"
    )
    KINKS = "the loss has kinks everywhere around this point"
    ONLY_HERE = "the point lies on a kink, and the gradient is known at the point alone"
    BESIDE_KINK = "the point lies on a kink, and on one side of it the claim is slightly off"
    SEVERAL_KINKS = "the point lies on several kinks at once, where no single entry can be judged"
    SUBGRADIENT = "the point lies on a kink; the claim is a valid subgradient, but small errors would not be visible"
    GENERIC = (
        "the claimed and numerical derivatives disagree at a generic point nearby; this does not settle whether the "
        "gradient is wrong"
    )

    @property
    def remedy(self) -> str:
        """What would settle it."""
        return _REMEDY[self]

    def __str__(self) -> str:
        return f"{self.value}. {self.remedy}"


_OFF = "Check at a point off the kinks: add a small random number to every parameter."

_REMEDY = {
    UndecidedReason.UNSTEADY: "Fix the random seed of the loss, or draw its random numbers once, outside of it.",
    UndecidedReason.CANCELLED: "Check at a point where they do not cancel, or compute the gradient in float64.",
    UndecidedReason.SHORT: "Check at another point, or in units in which the loss changes over about the size of the "
    "parameters.",
    UndecidedReason.FAINT: "Remove a large constant from the loss, or check at a point where this block changes the "
    "loss more: with larger weights, or with units that are not saturated.",
    UndecidedReason.COARSE: "Remove a large constant from the loss, check at a point where this block changes the loss "
    "more, or allow a larger rtol.",
    UndecidedReason.STAIRCASE: "Remove rounding, thresholds and table look-ups from the loss; compute the logarithm of "
    "a probability near one from its logit.",
    UndecidedReason.SOLVER: "Tighten the tolerances (rtol, atol, tol) of solvers in the loss and in its gradient. If "
    "the agreement will do, pass loss_accuracy=; loss_accuracy=0 says that the loss is exact to rounding.",
    UndecidedReason.TOLERANCE: "Tighten the tolerances (rtol, atol, tol) of solvers in the loss and in its gradient. "
    "loss_accuracy= accepts the agreement as it is.",
    UndecidedReason.UNDERFLOW: "Multiply the loss by a constant, so that its gradient can be represented, or compute "
    "the gradient in a wider type.",
    UndecidedReason.UNCLEAR: "Evaluate the loss in float64, tighten the tolerances of solvers in it, or allow a larger "
    "budget.",
    UndecidedReason.SPENT: "Allow a larger budget.",
    UndecidedReason.UNPROVED: "Fix that block first, or allow a larger budget.",
    UndecidedReason.KINKS: "Check at another point, or a smooth variant of the loss.",
    UndecidedReason.ONLY_HERE: "Pass the function that computes the gradient, or check at a point off the kinks.",
    UndecidedReason.BESIDE_KINK: _OFF,
    UndecidedReason.SEVERAL_KINKS: _OFF,
    UndecidedReason.SUBGRADIENT: _OFF,
    UndecidedReason.GENERIC: "Check at a few other points, or allow a larger budget.",
}
