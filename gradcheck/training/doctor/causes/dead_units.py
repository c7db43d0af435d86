"""ReLUs that are zero for every sample: no gradient reaches them, and they stay so.

**Number.** The share of units of a layer whose output, and slope where it can be seen, is zero for all samples.

**Threshold.** Three quarters. With weights drawn symmetrically about zero and few samples, some units are dead by
chance (in two dimensions a quarter on XOR), and the others do the work; more than that is an illness (L. Lu, Y. Shin,
Y. Su and G. E. Karniadakis, Dying ReLU and initialization, Commun. Comput. Phys. 28, 2020).
"""

from __future__ import annotations

from collections.abc import Sequence

from gradcheck.training.doctor.causes.cause import Illness, Symptom
from gradcheck.training.doctor.measurements import Examination
from gradcheck.training.doctor.units import Layer

#: A layer with this share of dead units is ill.
SHARE = 0.75


def share(layer: Layer) -> float:
    """Share of units that are dead."""
    dead = (layer.outputs == 0).all(axis=0)
    if layer.slopes is not None:
        dead &= (layer.slopes == 0).all(axis=0)
    return float(dead.mean())


def born(examination: Examination) -> Symptom | None:
    """Units that are dead before the first step."""
    return _most(examination.layers, "at the start") if examination.held_up else None


def died(examination: Examination) -> Symptom | None:
    """Units that are dead where the course ended."""
    return _most(examination.late_layers, f"after {examination.walked:,} steps") if examination.held_up else None


def _most(layers: Sequence[Layer], when: str) -> Symptom | None:
    """The layer with the most dead units, if they are most of its units."""
    shares = [(share(layer), i) for i, layer in enumerate(layers) if layer.clipped or layer.scaled]
    if not shares or max(shares)[0] < SHARE:
        return None
    most, i = max(shares)
    units = layers[i].outputs.shape[1]
    return Symptom(
        layers[i].name,
        f"{round(most * units)} of {units} units are dead: zero for every sample, so that no gradient reaches them",
        f"f(z) = 0 and f′(z) = 0 for all {len(layers[i].outputs):,} observations {when} (an illness from {SHARE:.0%} "
        "of the units on)",
        "Begin with biases of 0 and weights of the size √(2/n) for n inputs; take smaller steps if they died on the "
        "way; LeakyReLU passes a gradient on both sides.",
    )


CODE, SLUG = "GT104", "dead-units"

#: Units that are dead from the start are a cause; those that died on the way may have been killed by the steps.
ILLNESS = Illness(CODE, SLUG, born)
DIED = Illness(CODE, SLUG, died, unless=("exploding-gradient", "step-too-large", "rising-loss"))
