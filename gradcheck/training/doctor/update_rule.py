"""The update rule that a patient is trained with, as far as it is known."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: What stands for the one block of all parameters when an optimiser of `gradcheck.nn` is driven.
ALL = "all parameters"


class Rule(Protocol):
    """Turns gradients into changes of the parameters, one after the other."""

    def __call__(self, theta: Array, gradient: Array) -> Array:
        """The parameters after a step."""


@dataclass(frozen=True)
class Regimen:
    """How a patient is trained.

    Attributes
    ----------
    name : str
        "gradient descent", say.
    step : float
        Step size η.
    effective : float or None
        What the step comes to along a gradient that stays as it is: η, with momentum η/(1 − μ). None where the step is
        divided by the size of the gradient, so that there is no such number.
    optimiser : object or None
        Has ``step(params, grads)``, as the optimisers of `gradcheck.nn` do; None for plain descent or `coefficients`.
    coefficients : Coefficients or None
        What was measured of an update that a program spells out.
    """

    name: str
    step: float
    effective: float | None
    optimiser: Any = None
    coefficients: Coefficients | None = None

    @property
    def plain(self) -> bool:
        """Whether a step is the gradient times a constant."""
        return self.optimiser is None and self.coefficients is None

    def fresh(self, factor: float = 1.0) -> Rule:
        """The rule as before its first step, with a step size `factor` times as long."""
        if self.optimiser is not None:
            return _driven(copy.deepcopy(self.optimiser), factor)
        if self.coefficients is not None:
            return Measured(self.coefficients, factor)
        rate = factor * self.step
        return lambda theta, gradient: theta - rate * gradient


@dataclass(frozen=True)
class Coefficients:
    """An update as it was measured: v ← a v + b g, s ← c s + d g², θ ← θ + scale · (v or g) / (√s + ε).

    Attributes
    ----------
    first : (float, float) or None
        a and b of an average of gradients.
    second : (float, float) or None
        c and d of an average of their squares.
    scale : float
        What the quotient is multiplied by; negative where the step goes downhill.
    corrected : bool
        Whether averages are divided by the sum of their weights so far, as Adam does.
    eps : float
        The ε.
    inside : bool
        Whether it stands under the root, √(s + ε).
    """

    first: tuple[float, float] | None
    second: tuple[float, float] | None
    scale: float
    corrected: bool = False
    eps: float = 0.0
    inside: bool = False


class Measured:
    """A rule made of measured coefficients.

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
        """The parameters after a step."""
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


def of_optimiser(optimiser: Any, step: float | None) -> Regimen:
    """The regimen of an optimiser with ``step(params, grads)`` and a `rate`."""
    rate = float(getattr(optimiser, "rate", step if step is not None else math.nan))
    name = type(optimiser).__name__
    momentum = getattr(optimiser, "momentum", None)
    effective = rate if name == "SGD" else rate / (1 - momentum) if momentum is not None else None
    return Regimen(name, rate, effective, optimiser=optimiser)


def _driven(optimiser: Any, factor: float) -> Rule:
    """An optimiser that changes named arrays in place, as a rule for vectors."""
    if hasattr(optimiser, "reset"):
        optimiser.reset()
    if factor != 1.0 and hasattr(optimiser, "rate"):
        optimiser.rate = factor * optimiser.rate

    def rule(theta: Array, gradient: Array) -> Array:
        params = {ALL: theta.copy()}
        optimiser.step(params, {ALL: gradient.copy()})
        return params[ALL]

    return rule
