"""Activations that operate on their flat ends.

**Quantity.** The fraction of |f′| below 1e-3 in a layer, over its units and samples.

**Threshold.** One half. Such a unit multiplies the gradient that passes through it by less than a thousandth (Y. LeCun,
L. Bottou, G. Orr and K.-R. Müller, Efficient BackProp, 1998, sections 4.4 and 4.6; X. Glorot and Y. Bengio, 2010,
section 3).
"""

from __future__ import annotations

from gradcheck.diagnosis.finding import Finding
from gradcheck.training.doctor.causes.cause import Cause
from gradcheck.training.doctor.measurements import Measurements

CODE, SLUG = "GT103", "saturated-units"

#: Slopes below this are flat.
FLAT_SLOPE = 1e-3

#: Fraction of flat slopes from which a layer is saturated.
SATURATED_FRACTION = 0.5


def find(measurements: Measurements) -> Finding | None:
    """The layer with the largest fraction of flat slopes, if it is saturated."""
    if not measurements.stalled:
        return None
    fractions = [
        (float((abs(layer.slopes) < FLAT_SLOPE).mean()), i)
        for i, layer in enumerate(measurements.hidden_layers)
        if layer.slopes is not None and not layer.has_flat_side
    ]
    if not fractions or max(fractions)[0] < SATURATED_FRACTION:
        return None
    fraction, i = max(fractions)
    return Finding(
        CODE,
        SLUG,
        measurements.hidden_layers[i].name,
        "the units are saturated: almost no gradient passes through them",
        f"|f′| is below {FLAT_SLOPE:g} for {fraction:.0%} of the units and samples (saturated from "
        f"{SATURATED_FRACTION:.0%} on)",
        "Make the inputs of the units smaller: initial weights with standard deviation √(2/(n + m)) for n inputs and m "
        "outputs, and inputs of mean 0 and variance 1.",
    )


CAUSE = Cause(CODE, SLUG, find)
