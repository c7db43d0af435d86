"""The update rule of a training run: its name, step size, and a step function to run it."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Name of the single block that holds all parameters while an optimiser object is stepped.
ALL_PARAMETERS = "all parameters"


class StepFunction(Protocol):
    """Maps parameters and gradient to the parameters after one step; it may keep state between calls."""

    def __call__(self, theta: Array, gradient: Array, /) -> Array:
        """The parameters after the step."""


@dataclass(frozen=True)
class UpdateRule:
    """How gradients change the parameters.

    Attributes
    ----------
    name : str
        "gradient descent", for example.
    step : float
        Step size η.
    effective_step : float or None
        Step size along a constant gradient: η, or η/(1 − μ) with momentum μ. None if steps are divided by the size of
        the gradient.
    optimiser : object or None
        Has ``step(params, grads)``, as the optimisers of `gradcheck.nn` do. None for gradient descent and for
        `coefficients`.
    coefficients : Coefficients or None
        Measured coefficients of the update that a program spells out.
    """

    name: str
    step: float
    effective_step: float | None
    optimiser: Any = None
    coefficients: Coefficients | None = None

    def step_function(self, factor: float = 1.0) -> StepFunction:
        """The rule in its initial state, with `factor` times the step size."""
        if self.optimiser is not None:
            return _optimiser_steps(copy.deepcopy(self.optimiser), factor)
        if self.coefficients is not None:
            return MeasuredSteps(self.coefficients, factor)
        rate = factor * self.step
        return lambda theta, gradient: theta - rate * gradient


@dataclass(frozen=True)
class Coefficients:
    """Coefficients of an update: v ← a v + b g, s ← c s + d g², θ ← θ + scale · (v or g) / (√s + ε).

    Attributes
    ----------
    first : (float, float) or None
        a and b, the weights of the average of gradients.
    second : (float, float) or None
        c and d, the weights of the average of squared gradients.
    scale : float
        Factor of the quotient; negative if the step goes downhill.
    corrected : bool
        Whether averages are divided by the sum of their weights so far, as Adam does.
    eps : float
        ε.
    inside : bool
        Whether ε is added under the root, √(s + ε).
    """

    first: tuple[float, float] | None
    second: tuple[float, float] | None
    scale: float
    corrected: bool = False
    eps: float = 0.0
    inside: bool = False


class MeasuredSteps:
    """Step function with measured coefficients.

    Parameters
    ----------
    coefficients : Coefficients
    factor : float
        Multiplies the step.
    """

    def __init__(self, coefficients: Coefficients, factor: float = 1.0) -> None:
        self._c, self._factor = coefficients, factor
        self._v: Array | float = 0.0
        self._s: Array | float = 0.0
        self._steps = 0

    def __call__(self, theta: Array, gradient: Array) -> Array:
        """The parameters after one step."""
        c, along = self._c, gradient
        self._steps += 1
        if c.first is not None:
            self._v = c.first[0] * self._v + c.first[1] * gradient
            along = np.asarray(self._v / (1 - c.first[0] ** self._steps) if c.corrected else self._v)
        if c.second is not None:
            self._s = c.second[0] * self._s + c.second[1] * gradient**2
            size = self._s / (1 - c.second[0] ** self._steps) if c.corrected else self._s
            along = along / (np.sqrt(size + c.eps) if c.inside else np.sqrt(size) + c.eps)
        return theta + self._factor * c.scale * along


def optimiser_rule(optimiser: Any, step: float | None = None) -> UpdateRule:
    """The update rule of an optimiser object.

    Parameters
    ----------
    optimiser : object
        Has ``step(params, grads)``; its step size is its attribute `rate`.
    step : float, optional
        Step size of an optimiser without `rate`.
    """
    rate = float(getattr(optimiser, "rate", step if step is not None else math.nan))
    name = type(optimiser).__name__
    momentum = getattr(optimiser, "momentum", None)
    effective = rate if name == "SGD" else rate / (1 - momentum) if momentum is not None else None
    return UpdateRule(name, rate, effective, optimiser=optimiser)


def _optimiser_steps(optimiser: Any, factor: float) -> StepFunction:
    """A step function on vectors from an optimiser that changes named arrays in place."""
    if hasattr(optimiser, "reset"):
        optimiser.reset()
    if factor != 1.0 and hasattr(optimiser, "rate"):
        optimiser.rate = factor * optimiser.rate

    def step(theta: Array, gradient: Array) -> Array:
        params = {ALL_PARAMETERS: theta.copy()}
        optimiser.step(params, {ALL_PARAMETERS: gradient.copy()})
        return params[ALL_PARAMETERS]

    return step
