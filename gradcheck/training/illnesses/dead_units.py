"""ReLUs that are zero for every sample: no gradient reaches them, and they stay so.

**Number.** The share of units of a layer whose output, and slope where it can be seen, is zero for all samples.

**Threshold.** Three quarters. With weights drawn symmetrically about zero and few samples, some units are dead by
chance (in two dimensions a quarter on XOR), and the others do the work; more than that is an illness (L. Lu, Y. Shin,
Y. Su and G. E. Karniadakis, Dying ReLU and initialization, Commun. Comput. Phys. 28, 2020).
"""

from __future__ import annotations

from gradcheck.training.examination import Examination
from gradcheck.training.illnesses.illness import Illness, Symptom
from gradcheck.training.units import Layer

#: A layer with this share of dead units is ill.
SHARE = 0.75


def share(layer: Layer) -> float:
    """Share of units that are dead."""
    dead = (layer.outputs == 0).all(axis=0)
    if layer.slopes is not None:
        dead &= (layer.slopes == 0).all(axis=0)
    return float(dead.mean())


def look(examination: Examination) -> Symptom | None:
    """The layer with the most dead units, at the start or where the course ended."""
    if not examination.held_up:
        return None
    for layers, when in ((examination.layers, "at the start"), (examination.late_layers, "after the first steps")):
        shares = [(share(layer), i) for i, layer in enumerate(layers) if layer.clipped or layer.scaled]
        if shares and max(shares)[0] >= SHARE:
            most, i = max(shares)
            units = layers[i].outputs.shape[1]
            return Symptom(
                layers[i].name,
                f"{round(most * units)} of {units} units are dead: zero for every sample, so that no gradient "
                "reaches them",
                f"f(z) = 0 and f′(z) = 0 for all {len(layers[i].outputs):,} observations {when} (an illness from "
                f"{SHARE:.0%} of the units on)",
                "Begin with biases of 0 and weights of the size √(2/n) for n inputs; take smaller steps if they died "
                "on the "
                "way; LeakyReLU passes a gradient on both sides.",
            )
    return None


ILLNESS = Illness("GT104", "dead-units", look)
