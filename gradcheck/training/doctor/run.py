"""A training run: loss and gradient as functions of one vector, the update rule, and what is known of the model."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.finding import Finding
from gradcheck.subjects.subject import Subject
from gradcheck.tracebacks import pass_on_signal
from gradcheck.training.doctor.backward_norms import LayerGradient
from gradcheck.training.doctor.hidden_units import HiddenLayer
from gradcheck.training.doctor.parameter_layout import ParameterLayout
from gradcheck.training.doctor.update_rule import UpdateRule
from gradcheck.training.doctor.weight_blocks import WeightBlock

Array = NDArray[np.float64]

#: Step budget of a run if neither the caller nor the program specifies one.
DEFAULT_STEP_BUDGET = 10_000


@dataclass
class EvaluationCounts:
    """Number of evaluations so far.

    Attributes
    ----------
    losses, gradients : int
    """

    losses: int = 0
    gradients: int = 0


@dataclass(frozen=True)
class TrainingRun:
    """A loss, its gradient, and the rule by which the gradient changes the parameters.

    Attributes
    ----------
    subject : Subject
    update_rule : UpdateRule or None
        None if the update of a program was not recognised.
    step_budget : int
        Number of steps that the training takes, or `DEFAULT_STEP_BUDGET`.
    budget_specified : bool
        Whether the user specified the step budget, by an argument or in the loop of the program.
    loop_line : int or None
        Line of the loop that the step budget was read from.
    weights : tuple of WeightBlock
        In the order of the forward pass.
    inputs : ndarray or None
        The samples, one per row, if they are numbers.
    hidden_layers : callable or None
        Hidden layers at a parameter vector.
    layer_gradients : callable or None
        Gradients at the layers, at a parameter vector.
    other_start : callable or None
        Initial parameters that the program draws with another seed, or None if they do not depend on it.
    value_and_gradient : callable or None
        Loss and gradient at a parameter vector in one pass, where that is cheaper than two calls of the subject.
    update_findings : tuple of Finding
        Findings about the update itself.
    counts : EvaluationCounts
    """

    subject: Subject
    update_rule: UpdateRule | None
    step_budget: int = DEFAULT_STEP_BUDGET
    budget_specified: bool = False
    loop_line: int | None = None
    weights: tuple[WeightBlock, ...] = ()
    inputs: Array | None = None
    hidden_layers: Callable[[Array], list[HiddenLayer]] | None = None
    layer_gradients: Callable[[Array], list[LayerGradient]] | None = None
    other_start: Callable[[int], Array | None] | None = None
    value_and_gradient: Callable[[Array], tuple[float, Array]] | None = None
    update_findings: tuple[Finding, ...] = ()
    counts: EvaluationCounts = field(default_factory=EvaluationCounts)

    @cached_property
    def layout(self) -> ParameterLayout:
        """Position of each block in a parameter vector."""
        return ParameterLayout(self.subject.blocks)

    @cached_property
    def start(self) -> Array:
        """The initial parameters."""
        return self.layout.vector(self.subject.point)

    def loss(self, theta: Array) -> float:
        """Loss at a parameter vector; NaN where it cannot be evaluated."""
        self.counts.losses += 1
        if self.value_and_gradient is not None:
            found = _evaluated(self.value_and_gradient, theta)
            return float(found[0]) if isinstance(found, tuple) else math.nan
        return float(_evaluated(lambda x: self.subject.loss(self.layout.point(x)), theta))

    def gradient(self, theta: Array) -> Array:
        """Gradient at a parameter vector; NaN where it cannot be evaluated."""
        self.counts.gradients += 1
        if self.value_and_gradient is not None:
            found = _evaluated(self.value_and_gradient, theta)
            return np.asarray(found[1]) if isinstance(found, tuple) else np.full(self.layout.size, np.nan)
        found = _evaluated(lambda x: self.subject.gradient(self.layout.point(x)), theta)
        return self.layout.vector(found) if isinstance(found, tuple) else np.full(self.layout.size, np.nan)


def _evaluated(function: Callable[[Any], Any], theta: Array) -> Any:
    """Value of the user's function; NaN where it raises, since it may be undefined far from the start."""
    if not np.isfinite(theta).all():
        return np.nan
    with np.errstate(all="ignore"):
        try:
            return function(theta)
        except Exception as error:  # the start has been evaluated before; elsewhere it marks the edge of the domain
            pass_on_signal(error)
            return np.nan


def redrawn_weights(run: TrainingRun, rng: np.random.Generator) -> Array:
    """Initial parameters with weights drawn again, at the root mean square that each block has."""
    theta = run.start.copy()
    for weights in run.weights:
        part = run.layout.part(theta, weights.block)
        part[...] = np.sqrt(np.mean(part**2)) * rng.standard_normal(part.shape)
    return theta
