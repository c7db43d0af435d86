"""The gradient fades on its way back through the layers.

**Number.** The root mean square of the gradient that arrives at the first layer with weights, over that at the last.

**Threshold.** 1e-3, over three layers and more: the last layer is trained a thousand times as fast as the first (Y.
Bengio, P. Simard and P. Frasconi, IEEE Trans. Neural Networks 5, 1994; X. Glorot and Y. Bengio, 2010, figures 6 and
7). Steps that are divided by the size of the gradient do not mind.
"""

from __future__ import annotations

from gradcheck.training.doctor.causes.cause import Illness, Symptom
from gradcheck.training.doctor.measurements import Examination

#: First to last, and the layers that it takes to speak of fading.
RATIO, DEPTH = 1e-3, 3


def look(examination: Examination) -> Symptom | None:
    """Whether the first layers get next to nothing."""
    regimen, signals = examination.patient.regimen, examination.signals
    if regimen is None or regimen.effective is None or not examination.held_up or len(signals) < DEPTH:
        return None
    first, last = signals[0], signals[-1]
    if not 0 < first.size < RATIO * last.size:
        return None
    each = (first.size / last.size) ** (1 / (len(signals) - 1))
    return Symptom(
        first.name,
        "the gradient vanishes on the way back: the first layers are hardly trained",
        f"root mean square {first.size:.2g} at {first.name}, {last.size:.2g} at {last.name}: a factor of {each:.2g} "
        "a layer, "
        f"{first.size / last.size:.1g} in all (vanishing below {RATIO:g})",
        "Use an activation whose slope is 1 where it works (ReLU, tanh) with weights of the size that goes with it "
        "(He, Glorot), normalisation, or residual connections.",
    )


ILLNESS = Illness("GT105", "vanishing-gradient", look)
