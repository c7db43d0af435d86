"""The gradient grows on its way back through the layers.

**Number.** The root mean square of the gradient that arrives at the first layer with weights, over that at the last.

**Threshold.** 1e3, over three layers and more: no step size suits both (Y. Bengio, P. Simard and P. Frasconi, 1994;
R. Pascanu, T. Mikolov and Y. Bengio, On the difficulty of training recurrent neural networks, ICML 2013).
"""

from __future__ import annotations

from gradcheck.training.doctor.causes.cause import Illness, Symptom
from gradcheck.training.doctor.measurements import Examination

#: First to last, and the layers that it takes to speak of growth.
RATIO, DEPTH = 1e3, 3


def look(examination: Examination) -> Symptom | None:
    """Whether the first layers get far more than the last."""
    regimen, signals = examination.patient.regimen, examination.signals
    if regimen is None or regimen.effective is None or not examination.held_up or len(signals) < DEPTH:
        return None
    first, last = signals[0], signals[-1]
    if not first.size > RATIO * last.size > 0:
        return None
    each = (first.size / last.size) ** (1 / (len(signals) - 1))
    return Symptom(
        first.name,
        "the gradient explodes on the way back: no step size suits the first and the last layer",
        f"root mean square {first.size:.2g} at {first.name}, {last.size:.2g} at {last.name}: a factor of {each:.2g} "
        "a layer, "
        f"{first.size / last.size:.1g} in all (exploding above {RATIO:g})",
        "Draw smaller initial weights (Glorot, He, LeCun), normalise between layers, or clip the gradient's norm.",
    )


ILLNESS = Illness("GT110", "exploding-gradient", look)
