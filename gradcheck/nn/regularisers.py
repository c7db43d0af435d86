"""Penalties on the weights of a network, which are added to its loss.

Weights are the parameters whose name, after its last dot, starts with W: ``layers.0.W``, and the ``Wx`` and ``Wh`` of
recurrent layers. There is no penalty on biases and on the gamma and beta of normalisations.
"""

from __future__ import annotations

import abc
import inspect
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.nn.layer import Array


class Regulariser(abc.ABC):
    """A penalty that is a sum over all weights, and its gradient."""

    @abc.abstractmethod
    def _penalty(self, W: Array) -> Any:
        """Penalty of one array of weights."""

    @abc.abstractmethod
    def _gradient(self, W: Array) -> Array:
        """Gradient of the penalty of one array of weights."""

    def value(self, params: Mapping[str, Array]) -> float:
        """Penalty of all weights among the parameters."""
        return float(sum(self._penalty(W) for W in _weights(params).values()))

    def gradient(self, params: Mapping[str, Array]) -> dict[str, Array]:
        """Gradient with respect to each array of weights, by name."""
        return {name: self._gradient(W) for name, W in _weights(params).items()}

    def spec(self) -> dict[str, Any]:
        """Describe the regulariser as plain data: its class and constructor arguments."""
        names = inspect.signature(type(self)).parameters
        return {"kind": type(self).__name__} | {name: getattr(self, name) for name in names}

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.spec().items() if name != "kind")
        return f"{type(self).__name__}({arguments})"


class L1(Regulariser):
    """Penalty λ Σ |w| over all weights, with gradient λ sign w, which is 0 at the kink w = 0.

    Parameters
    ----------
    strength : float
        The λ.

    Examples
    --------
    >>> import numpy as np
    >>> params = {"layers.0.W": np.array([[1.0, -3.0]]), "layers.0.b": np.array([5.0, 5.0])}
    >>> L1(0.5).value(params), L1(0.5).gradient(params)
    (2.0, {'layers.0.W': array([[ 0.5, -0.5]])})
    """

    def __init__(self, strength: float) -> None:
        self.strength = _strength("L1", strength=strength)

    def _penalty(self, W: Array) -> Any:
        return self.strength * np.abs(W).sum()

    def _gradient(self, W: Array) -> Array:
        slope: Array = self.strength * np.sign(W)
        return slope


class L2(Regulariser):
    """Penalty λ/2 Σ w² over all weights, with gradient λ w.

    Because of the factor ½, λ is the ``weight_decay`` of the optimisers of PyTorch.

    Parameters
    ----------
    strength : float
        The λ.

    Examples
    --------
    >>> import numpy as np
    >>> params = {"layers.0.W": np.array([[1.0, -3.0]]), "layers.0.b": np.array([5.0, 5.0])}
    >>> L2(0.5).value(params), L2(0.5).gradient(params)
    (2.5, {'layers.0.W': array([[ 0.5, -1.5]])})
    """

    def __init__(self, strength: float) -> None:
        self.strength = _strength("L2", strength=strength)

    def _penalty(self, W: Array) -> Any:
        return self.strength / 2 * (W**2).sum()

    def _gradient(self, W: Array) -> Array:
        return self.strength * W


class Elastic(Regulariser):
    """Sum of `L1` and `L2`: λ₁ Σ |w| + λ₂/2 Σ w², with gradient λ₁ sign w + λ₂ w.

    From H. Zou and T. Hastie, Journal of the Royal Statistical Society B 67 (2005), who omit the factor ½.

    Parameters
    ----------
    l1, l2 : float
        The λ₁ and λ₂.

    Examples
    --------
    >>> import numpy as np
    >>> params = {"layers.0.W": np.array([[1.0, -3.0]]), "layers.0.b": np.array([5.0, 5.0])}
    >>> Elastic(0.5, 0.5).value(params), Elastic(0.5, 0.5).gradient(params)
    (4.5, {'layers.0.W': array([[ 1., -2.]])})
    """

    def __init__(self, l1: float, l2: float) -> None:
        self.l1, self.l2 = _strength("Elastic", l1=l1), _strength("Elastic", l2=l2)

    def _penalty(self, W: Array) -> Any:
        return self.l1 * np.abs(W).sum() + self.l2 / 2 * (W**2).sum()

    def _gradient(self, W: Array) -> Array:
        slope: Array = self.l1 * np.sign(W) + self.l2 * W
        return slope


def _weights(params: Mapping[str, Array]) -> dict[str, Array]:
    """The parameters that are weights."""
    return {name: value for name, value in params.items() if name.rpartition(".")[2].startswith("W")}


def _strength(owner: str, **named: float) -> float:
    """The number given by name; `ValueError` if it is negative or not finite."""
    ((name, value),) = named.items()
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{owner}: {name} must be a finite number of at least 0, got {value!r}")
    return float(value)
