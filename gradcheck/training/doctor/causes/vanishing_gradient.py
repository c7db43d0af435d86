"""The gradient vanishes on its way back through the layers.

**Quantity.** The root mean square of the gradient at the first layer with weights, over that at the last.

**Threshold.** 1e-3, for three layers or more: the last layer is trained a thousand times as fast as the first (Y.
Bengio, P. Simard and P. Frasconi, IEEE Trans. Neural Networks 5, 1994; X. Glorot and Y. Bengio, 2010, figures 6 and
7). Rules that divide steps by the size of the gradient are not affected.
"""

from __future__ import annotations

from gradcheck.diagnosis.finding import Finding
from gradcheck.training.doctor.causes.cause import Cause
from gradcheck.training.doctor.causes.gradient_ratio import gradient_ratio
from gradcheck.training.doctor.measurements import Measurements

CODE, SLUG = "GT105", "vanishing-gradient"

#: Ratio of the gradient at the first layer to that at the last below which it vanishes.
VANISHING_RATIO = 1e-3


def find(measurements: Measurements) -> Finding | None:
    """Whether the first layers get a far smaller gradient than the last."""
    found = gradient_ratio(measurements)
    if found is None or not found.first.rms < VANISHING_RATIO * found.last.rms:
        return None
    return Finding(
        CODE,
        SLUG,
        found.first.name,
        "the gradient vanishes on the way back: the first layers are hardly trained",
        found.evidence(f"vanishing below {VANISHING_RATIO:g}"),
        "Use an activation with a slope near 1 (ReLU, tanh) and the initial weights that suit it (He, Glorot), "
        "normalisation, or residual connections.",
    )


CAUSE = Cause(CODE, SLUG, find)
