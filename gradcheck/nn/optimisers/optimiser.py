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

    Averages are kept by the name of the parameter and start at zero; `steps` counts the calls.

    Parameters
    ----------
    rate : float
        Step size.
    """

    def __init__(self, rate: float) -> None:
        if not (math.isfinite(rate) and rate > 0):
            raise ValueError(f"{type(self).__name__}: rate must be a positive number, got {rate!r}")
        self.rate = rate
        self.steps = 0

    def step(self, params: Mapping[str, Array], grads: Mapping[str, Array]) -> None:
        """Change each parameter by its gradient.

        Parameters
        ----------
        params, grads : mapping of str to ndarray
            Of the same names and shapes.

        Raises
        ------
        ValueError
            If a gradient is missing or of another shape; nothing is changed then.
        """
        for name, value in params.items():
            if name not in grads:
                raise ValueError(f"{self!r}: no gradient for {name!r}; got {', '.join(grads) or 'none'}")
            if np.shape(grads[name]) != value.shape:
                raise ValueError(
                    f"{self!r}: the gradient of {name!r} must have shape {value.shape}, got {np.shape(grads[name])}"
                )
        self.steps += 1
        for name, value in params.items():
            value += self._change(name, value, np.asarray(grads[name]))

    @abc.abstractmethod
    def _change(self, name: str, value: Array, grad: Array) -> Array:
        """What is added to a parameter."""

    def spec(self) -> dict[str, Any]:
        """Plain data that describe the optimiser: its class and the arguments it was made with."""
        names = inspect.signature(type(self)).parameters
        return {"kind": type(self).__name__} | {name: getattr(self, name) for name in names}

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.spec().items() if name != "kind")
        return f"{type(self).__name__}({arguments})"
