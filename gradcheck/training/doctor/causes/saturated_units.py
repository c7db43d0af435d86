"""Activations on their flat ends.

**Number.** The share of |f′| below 1e-3 in a layer, over its units and samples.

**Threshold.** One half. What passes backward through such a unit is multiplied by less than a thousandth (Y. LeCun,
L. Bottou, G. Orr and K.-R. Müller, Efficient BackProp, 1998, sections 4.4 and 4.6; X. Glorot and Y. Bengio, 2010,
section 3).
"""

from __future__ import annotations

from gradcheck.training.doctor.causes.cause import Illness, Symptom
from gradcheck.training.doctor.measurements import Examination

#: A slope below this is flat, and a layer with this share of flat ones is saturated.
FLAT, SHARE = 1e-3, 0.5


def look(examination: Examination) -> Symptom | None:
    """The layer with the largest share of flat activations."""
    if not examination.held_up:
        return None
    shares = [
        (float((abs(layer.slopes) < FLAT).mean()), i)
        for i, layer in enumerate(examination.layers)
        if layer.slopes is not None and not layer.clipped
    ]
    if not shares or max(shares)[0] < SHARE:
        return None
    share, i = max(shares)
    layer = examination.layers[i]
    return Symptom(
        layer.name,
        "the units are saturated: next to nothing of the gradient passes through them",
        f"|f′| is below {FLAT:g} for {share:.0%} of the units and samples (saturated from {SHARE:.0%} on)",
        "Make what goes into them smaller: initial weights of the size √(2/(n + m)) for n inputs and m outputs, and "
        "inputs "
        "of mean 0 and variance 1.",
    )


ILLNESS = Illness("GT103", "saturated-units", look)
