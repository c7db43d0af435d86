"""What the trials change: the seed, the initial weights, the step size or the update rule."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.training.doctor.run import TrainingRun, redrawn_weights
from gradcheck.training.doctor.update_rule import UpdateRule, optimiser_rule
from gradcheck.training.doctor.weight_blocks import named_like_bias

Array = NDArray[np.float64]

#: Draws initial parameters.
Initialiser = Callable[[TrainingRun, np.random.Generator], Array]

#: Standard deviations of initial weights from fan-in and fan-out: X. Glorot and Y. Bengio, AISTATS 2010; K. He et al.,
#: ICCV 2015; Y. LeCun et al., Efficient BackProp, 1998.
WEIGHT_SCALES: dict[str, Callable[[int, int], float]] = {
    "Glorot": lambda inputs, outputs: math.sqrt(2 / (inputs + outputs)),
    "He": lambda inputs, outputs: math.sqrt(2 / inputs),
    "LeCun": lambda inputs, outputs: math.sqrt(1 / inputs),
}

#: Factors of the step size that are tried, with their names.
STEP_FACTORS = {"step × 10": 10.0, "step ÷ 10": 0.1}

#: Step size of the optimisers that are tried. RMSProp, Adam and iRprop− move each parameter by about this much per
#: step, whatever the scale of the gradient, so it suits parameters of order 1.
TRIAL_STEP = 0.01


class TrialKind(enum.Enum):
    """What a trial changes."""

    UNCHANGED = enum.auto()
    SEED = enum.auto()
    WEIGHTS = enum.auto()
    RULE = enum.auto()
    COMBINED = enum.auto()


@dataclass(frozen=True)
class TrialSettings:
    """Initial parameters and update rule of a trial.

    Attributes
    ----------
    name : str
    kind : TrialKind
    initialiser : callable
        Draws the initial parameters of a seed.
    update_rule : UpdateRule
    factor : float
        Multiplies the step size.
    """

    name: str
    kind: TrialKind
    initialiser: Initialiser
    update_rule: UpdateRule
    factor: float = 1.0

    @property
    def first_from_start(self) -> bool:
        """Whether the first seed uses the user's own initial parameters."""
        return self.kind in (TrialKind.UNCHANGED, TrialKind.RULE)

    def seeds(self, seeds: int) -> int:
        """Number of runs: the unchanged training has one start only."""
        return 1 if self.kind is TrialKind.UNCHANGED else seeds


def scaled_weights(scheme: str) -> Initialiser:
    """Initialiser with weights drawn at the scale of a scheme, and biases of 0."""

    def initialise(run: TrainingRun, rng: np.random.Generator) -> Array:
        theta = run.start.copy()
        for i, block in enumerate(run.layout.blocks):
            if named_like_bias(block.name):
                run.layout.part(theta, i)[...] = 0.0
        for weights in run.weights:
            part = run.layout.part(theta, weights.block)
            part[...] = WEIGHT_SCALES[scheme](weights.inputs, weights.outputs) * rng.standard_normal(part.shape)
        return theta

    return initialise


def trial_settings(run: TrainingRun) -> list[TrialSettings]:
    """Settings of all single trials; the first is the user's own training. Empty without an update rule."""
    from gradcheck.nn import Adam, IRpropMinus, Momentum, RMSProp

    own = run.update_rule
    if own is None:
        return []
    found = [TrialSettings("as it is", TrialKind.UNCHANGED, redrawn_weights, own)]
    if run.weights:
        found.append(TrialSettings("another seed", TrialKind.SEED, redrawn_weights, own))
        for scheme in WEIGHT_SCALES:
            found.append(TrialSettings(f"weights by {scheme}", TrialKind.WEIGHTS, scaled_weights(scheme), own))
    for name, factor in STEP_FACTORS.items():
        found.append(TrialSettings(name, TrialKind.RULE, redrawn_weights, own, factor))
    step = abs(own.step) if math.isfinite(own.step) and own.step else TRIAL_STEP
    for name, optimiser in {
        "Momentum, μ = 0.9": Momentum(step, momentum=0.9),
        f"RMSProp, η = {TRIAL_STEP:g}": RMSProp(TRIAL_STEP),
        f"Adam, η = {TRIAL_STEP:g}": Adam(TRIAL_STEP),
        f"iRprop−, η = {TRIAL_STEP:g}": IRpropMinus(TRIAL_STEP),
    }.items():
        found.append(TrialSettings(name, TrialKind.RULE, redrawn_weights, optimiser_rule(optimiser)))
    return found


def combined(weights: TrialSettings, rule: TrialSettings) -> TrialSettings:
    """The initial weights of one trial with the update rule of another."""
    name = f"{weights.name}, and {rule.name}"
    return TrialSettings(name, TrialKind.COMBINED, weights.initialiser, rule.update_rule, rule.factor)
