"""What every optimiser has: a step that changes named parameters in place."""

from __future__ import annotations

import abc
import inspect
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.nn.layer import Array


class Optimiser(abc.ABC):
    """Changes parameters in place by their gradients.

    What is remembered from step to step, such as averages, is kept by the name of the parameter; `steps` counts the
    steps, each of which takes the same parameters.

    Parameters
    ----------
    rate : float
        Step size.
    """

    def __init__(self, rate: float) -> None:
        positive(type(self).__name__, rate=rate)
        self.rate = float(rate)
        self.steps = 0
        self._memory: dict[str, dict[str, Array]] = {}

    def step(self, params: Mapping[str, Array], grads: Mapping[str, Array]) -> None:
        """Change each parameter by its gradient.

        Parameters
        ----------
        params, grads : mapping of str to ndarray
            Of the same names and shapes.

        Raises
        ------
        ValueError
            If a gradient is missing or of another shape, a parameter does not hold floating-point numbers, or one of
            its name had another shape before; nothing is changed then.
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
        """Forget all that is remembered, as before the first step."""
        self.steps = 0
        self._memory.clear()

    @abc.abstractmethod
    def _change(self, name: str, value: Array, grad: Array) -> Array:
        """What is added to a parameter."""

    def _kept(self, name: str, what: str, value: Array, start: float = 0.0) -> Array:
        """What is remembered of a parameter, to be changed in place; of its value's shape, and `start` at first."""
        memory = self._memory.setdefault(name, {})
        if what not in memory:
            memory[what] = np.full_like(value, start)
        return memory[what]

    def spec(self) -> dict[str, Any]:
        """Plain data that describe the optimiser: its class and the arguments it was made with."""
        names = inspect.signature(type(self)).parameters
        return {"kind": type(self).__name__} | {name: getattr(self, name) for name in names}

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.spec().items() if name != "kind")
        return f"{type(self).__name__}({arguments})"


def share(optimiser: str, **values: float) -> None:
    """Refuse numbers that are not at least 0 and less than 1."""
    for name, value in values.items():
        if not 0 <= value < 1:
            raise ValueError(f"{optimiser}: {name} must be at least 0 and less than 1, got {value!r}")


def positive(optimiser: str, **values: float) -> None:
    """Refuse numbers that are not positive and finite."""
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{optimiser}: {name} must be a positive number, got {value!r}")


def not_negative(optimiser: str, **values: float) -> None:
    """Refuse numbers that are negative or not finite."""
    for name, value in values.items():
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{optimiser}: {name} must not be negative, got {value!r}")
