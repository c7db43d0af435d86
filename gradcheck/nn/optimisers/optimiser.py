"""Base class of optimisers: a step that updates named parameters in place."""

from __future__ import annotations

import abc
import inspect
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.nn.layer import Array


class Optimiser(abc.ABC):
    """Updates parameters in place from their gradients.

    State such as running averages is stored by the name of the parameter. `steps` counts the steps. Every step must get
    the same parameters.

    Parameters
    ----------
    rate : float
        Step size.
    """

    def __init__(self, rate: float) -> None:
        check_positive(type(self).__name__, rate=rate)
        self.rate = float(rate)
        self.steps = 0
        self._memory: dict[str, dict[str, Array]] = {}

    def step(self, params: Mapping[str, Array], grads: Mapping[str, Array]) -> None:
        """Update each parameter by its gradient.

        Parameters
        ----------
        params, grads : mapping of str to ndarray
            With the same names and shapes.

        Raises
        ------
        ValueError
            If a gradient is missing or has another shape, or a parameter does not hold floating-point numbers or has
            another shape than in the step before. No parameter is changed then.
        """
        for name, value in params.items():
            if name not in grads:
                raise ValueError(f"{self!r}: no gradient for {name!r}; got {', '.join(grads) or 'none'}")
            if np.shape(grads[name]) != value.shape:
                raise ValueError(
                    f"{self!r}: the gradient of {name!r} must have shape {value.shape}, got {np.shape(grads[name])}"
                )
            if value.dtype.kind != "f":
                raise ValueError(f"{self!r}: parameter {name!r} must hold floating-point numbers, got {value.dtype}")
            for kept in self._memory.get(name, {}).values():
                if kept.shape != value.shape:
                    raise ValueError(
                        f"{self!r}: parameter {name!r} had shape {kept.shape} before, got {value.shape}; "
                        "call reset() for other parameters"
                    )
        self.steps += 1
        for name, value in params.items():
            value += self._change(name, value, np.asarray(grads[name], dtype=value.dtype))

    def reset(self) -> None:
        """Delete the state, as before the first step."""
        self.steps = 0
        self._memory.clear()

    @abc.abstractmethod
    def _change(self, name: str, value: Array, grad: Array) -> Array:
        """The change that a step adds to a parameter."""

    def _kept(self, name: str, what: str, value: Array, start: float = 0.0) -> Array:
        """State of a parameter, to be changed in place; an array of its shape, filled with `start` at first."""
        memory = self._memory.setdefault(name, {})
        if what not in memory:
            memory[what] = np.full_like(value, start)
        return memory[what]

    def spec(self) -> dict[str, Any]:
        """Describe the optimiser as plain data: its class and constructor arguments."""
        names = inspect.signature(type(self)).parameters
        return {"kind": type(self).__name__} | {name: getattr(self, name) for name in names}

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.spec().items() if name != "kind")
        return f"{type(self).__name__}({arguments})"


def check_fraction(optimiser: str, **values: float) -> None:
    """Raise `ValueError` unless all numbers are at least 0 and less than 1."""
    for name, value in values.items():
        if not 0 <= value < 1:
            raise ValueError(f"{optimiser}: {name} must be at least 0 and less than 1, got {value!r}")


def check_positive(optimiser: str, **values: float) -> None:
    """Raise `ValueError` unless all numbers are positive and finite."""
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{optimiser}: {name} must be a positive number, got {value!r}")


def check_not_negative(optimiser: str, **values: float) -> None:
    """Raise `ValueError` if a number is negative or not finite."""
    for name, value in values.items():
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{optimiser}: {name} must not be negative, got {value!r}")
