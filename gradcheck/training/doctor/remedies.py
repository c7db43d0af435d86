"""What may help: other initial weights, other steps, other rules."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.training.doctor.blocks import called_bias
from gradcheck.training.doctor.run import Patient, redrawn
from gradcheck.training.doctor.update_rule import Regimen, of_optimiser

Array = NDArray[np.float64]

#: Where a run begins, from a generator of random numbers.
Start = Callable[[Patient, np.random.Generator], Array]

#: Standard deviations of initial weights by fan-in and fan-out: X. Glorot and Y. Bengio, AISTATS 2010; K. He et al.,
#: ICCV 2015; Y. LeCun et al., Efficient BackProp, 1998.
SCALES: dict[str, Callable[[int, int], float]] = {
    "Glorot": lambda inputs, outputs: math.sqrt(2 / (inputs + outputs)),
    "He": lambda inputs, outputs: math.sqrt(2 / inputs),
    "LeCun": lambda inputs, outputs: math.sqrt(1 / inputs),
}


@dataclass(frozen=True)
class Remedy:
    """Something to try.

    Attributes
    ----------
    name : str
    start : callable
        Gives the parameters to begin with.
    regimen : Regimen
    factor : float
        Multiplies its step.
    own : bool
        Whether the first run begins where the patient does.
    repeated : bool
        Whether there are runs with other seeds.
    """

    name: str
    start: Start
    regimen: Regimen
    factor: float = 1.0
    own: bool = True
    repeated: bool = True


def scaled(rule: str) -> Start:
    """Weights drawn by a rule, and biases of 0."""

    def start(patient: Patient, rng: np.random.Generator) -> Array:
        theta = patient.start.copy()
        for i, block in enumerate(patient.space.blocks):
            if called_bias(block.name):
                patient.space.part(theta, i)[...] = 0.0
        for weights in patient.weights:
            part = patient.space.part(theta, weights.block)
            part[...] = SCALES[rule](weights.inputs, weights.outputs) * rng.standard_normal(part.shape)
        return theta

    return start


def remedies(patient: Patient) -> list[Remedy]:
    """All that is tried, beginning with the patient's own way."""
    from gradcheck.nn import Adam, IRpropMinus, Momentum, RMSProp

    own = patient.regimen
    if own is None:
        return []
    found = [Remedy("as it is", redrawn, own, repeated=False)]
    if patient.weights:
        found.append(Remedy("another seed", redrawn, own, own=False))
        found += [Remedy(f"weights by {rule}", scaled(rule), own, own=False) for rule in SCALES]
    found += [Remedy("step × 10", redrawn, own, 10.0), Remedy("step ÷ 10", redrawn, own, 0.1)]
    step = abs(own.step) if math.isfinite(own.step) and own.step else 0.01
    for optimiser in (Momentum(step), RMSProp(0.01), Adam(0.01), IRpropMinus(0.01)):
        name = type(optimiser).__name__.replace("IRpropMinus", "iRprop−")
        given = f"μ = {optimiser.momentum:g}" if isinstance(optimiser, Momentum) else f"η = {optimiser.rate:g}"
        found.append(Remedy(f"{name}, {given}", redrawn, of_optimiser(optimiser, None)))
    return found


def combined(scale: Remedy, rule: Remedy) -> Remedy:
    """The weights of one remedy with the rule of another."""
    return Remedy(f"{scale.name}, and {rule.name}", scale.start, rule.regimen, rule.factor, own=False)
