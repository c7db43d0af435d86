"""ReLU units that are zero for every sample: no gradient reaches them, so they stay zero.

**Quantity.** The fraction of units of a layer whose output, and slope where it is observed, is zero for all samples.

**Threshold.** Three quarters. With weights drawn symmetrically about zero and few samples, some units are dead by
chance (on XOR, with two inputs, a quarter), and the others do the work. More than that stalls training (L. Lu, Y. Shin,
Y. Su and G. E. Karniadakis, Dying ReLU and initialization, Commun. Comput. Phys. 28, 2020).
"""

from __future__ import annotations

from collections.abc import Sequence

from gradcheck.diagnosis.finding import Finding
from gradcheck.training.doctor.causes.cause import Cause
from gradcheck.training.doctor.hidden_units import HiddenLayer
from gradcheck.training.doctor.measurements import Measurements

CODE, SLUG = "GT104", "dead-units"

#: Fraction of dead units from which a layer is reported.
DEAD_FRACTION = 0.75


def dead_fraction(layer: HiddenLayer) -> float:
    """Fraction of the units that are dead."""
    dead = (layer.outputs == 0).all(axis=0)
    if layer.slopes is not None:
        dead &= (layer.slopes == 0).all(axis=0)
    return float(dead.mean())


def find_at_start(measurements: Measurements) -> Finding | None:
    """Units that are dead before the first step."""
    return _worst_layer(measurements.hidden_layers, "at the start") if measurements.stalled else None


def find_after_training(measurements: Measurements) -> Finding | None:
    """Units that are dead at the end of the trajectory."""
    if not measurements.stalled:
        return None
    steps = measurements.trajectory.steps[-1]
    return _worst_layer(measurements.final_hidden_layers, f"after {steps:,} steps")


def _worst_layer(layers: Sequence[HiddenLayer], when: str) -> Finding | None:
    """The layer with the largest fraction of dead units, if that is above the threshold."""
    fractions = [(dead_fraction(each), i) for i, each in enumerate(layers) if each.has_flat_side or each.up_to_factor]
    if not fractions or max(fractions)[0] < DEAD_FRACTION:
        return None
    fraction, i = max(fractions)
    units = layers[i].outputs.shape[1]
    return Finding(
        CODE,
        SLUG,
        layers[i].name,
        f"{round(fraction * units)} of {units} units are dead: their output is zero for every sample, so no gradient "
        "reaches them",
        f"f(z) = 0 and f′(z) = 0 for all {len(layers[i].outputs):,} observations {when} (reported from "
        f"{DEAD_FRACTION:.0%} of the units on)",
        "Initialise biases to 0 and weights with standard deviation √(2/n) for n inputs. If the units died during "
        "training, take smaller steps. LeakyReLU passes a gradient on both sides.",
    )


#: Units that are dead from the start are a cause of the stall.
DEAD_AT_START = Cause(CODE, SLUG, find_at_start)

#: Units that died in training may be the effect of too long steps.
DIED_IN_TRAINING = Cause(CODE, SLUG, find_after_training, ("exploding-gradient", "step-too-large", "rising-loss"))
