"""The gradient grows on its way back through the layers.

**Quantity.** The root mean square of the gradient at the first layer with weights, over that at the last.

**Threshold.** 1e3, for three layers or more: no step size suits both (Y. Bengio, P. Simard and P. Frasconi, 1994; R.
Pascanu, T. Mikolov and Y. Bengio, On the difficulty of training recurrent neural networks, ICML 2013).
"""

from __future__ import annotations

from gradcheck.diagnosis.finding import Finding
from gradcheck.training.doctor.causes.cause import Cause
from gradcheck.training.doctor.causes.gradient_ratio import gradient_ratio
from gradcheck.training.doctor.measurements import Measurements

CODE, SLUG = "GT110", "exploding-gradient"

#: Ratio of the gradient at the first layer to that at the last above which it explodes.
EXPLODING_RATIO = 1e3


def find(measurements: Measurements) -> Finding | None:
    """Whether the first layers get a far larger gradient than the last."""
    found = gradient_ratio(measurements)
    if found is None or not found.first.rms > EXPLODING_RATIO * found.last.rms:
        return None
    return Finding(
        CODE,
        SLUG,
        found.first.name,
        "the gradient explodes on the way back: no step size suits both the first and the last layer",
        found.evidence(f"exploding above {EXPLODING_RATIO:g}"),
        "Draw smaller initial weights (Glorot, He, LeCun), normalise between layers, or clip the norm of the gradient.",
    )


CAUSE = Cause(CODE, SLUG, find)
