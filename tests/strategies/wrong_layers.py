"""Wrong variants of the layers of the library: typical mistakes, some of them for certain shapes only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.strategies import library
from tests.strategies.library import LAYERS, Array

Change = Callable[[Array], Array]


def variant(kind: type, backward: Callable[..., Any]) -> type:
    """Make a class of the same name with another backward pass."""
    return type(kind.__name__, (kind,), {"__module__": kind.__module__, "backward": backward})


def with_wrong_input_gradient(kind: type, change: Change) -> type:
    """Change the gradient with respect to the input."""

    def backward(self: Any, upstream: Array, *cache: Any) -> Any:
        result = kind.backward(self, upstream, *cache)  # type: ignore[attr-defined]
        return (change(result[0]), *result[1:]) if isinstance(result, tuple) else change(result)

    return variant(kind, backward)


def with_wrong_parameter_gradient(kind: type, change: Change) -> type:
    """Change the gradient of the first parameter."""

    def backward(self: Any, upstream: Array, *cache: Any) -> Any:
        result = kind.backward(self, upstream, *cache)  # type: ignore[attr-defined]
        if isinstance(result, tuple) and isinstance(result[1], dict):
            (name, first), *rest = result[1].items()
            return result[0], {name: change(first), **dict(rest)}
        if isinstance(result, tuple):
            return result[0], change(result[1]), *result[2:]
        for name in ("dW", "grad_b", "dgamma", "dw"):
            if hasattr(self, name):
                setattr(self, name, change(getattr(self, name)))
        if hasattr(self, "grads"):
            self.grads["s"] = change(self.grads["s"])
        return result

    return variant(kind, backward)


def _even_widths(dx: Array) -> Array:
    return np.where(dx.shape[1] % 2, dx, 1.5 * dx)


def _last_sample_lost(dx: Array) -> Array:
    return np.concatenate([dx[:-1], 0 * dx[-1:]])


#: Wrong input gradients of any layer, and wrong gradients of a parameter.
OF_INPUT: dict[str, Change] = {
    "sign": np.negative,
    "a tenth too much": lambda dx: 1.1 * dx,
    "over the samples": lambda dx: dx / max(2, len(dx)),
    "at even widths": _even_widths,
    "last sample lost": _last_sample_lost,
}
OF_PARAMETERS: dict[str, Change] = {"zero": np.zeros_like, "twice": lambda g: 2 * g}

WITH_PARAMETERS = ("Linear", "Affine", "Bias", "Scale", "LayerNorm", "Gate", "Residual", "Highway")


def _norm(self: Any, upstream: Array) -> Any:
    library.LayerNorm.backward(self, upstream)
    return upstream * self.gamma * self.scale


def _affine(self: Any, dout: Array, x: Array) -> Any:
    return dout @ self.params["w"].T, x.T @ dout, dout.mean(axis=0)


def _gate(self: Any, upstream: Array, cache: Any) -> Any:
    _, grads = library.Gate.backward(self, upstream, cache)
    return (upstream * cache[1]) @ self.params["W"].T, grads


def _residual(self: Any, upstream: Array) -> Any:
    return library.Residual.backward(self, upstream) - upstream


def _bias(self: Any, upstream: Array) -> Any:
    self.grad_b = upstream.mean(axis=0)
    return upstream


def _scale(self: Any, upstream: Array) -> Any:
    self.grads["s"] = upstream.sum(axis=0)
    return upstream * self.params["s"]


#: A typical mistake in a layer of each kind.
TYPICAL: dict[str, Callable[..., Any]] = {
    "Linear": lambda self, upstream: library.Linear.backward(self, upstream) * 0 + upstream @ np.abs(self.W).T,
    "Affine": _affine,
    "Bias": _bias,
    "Scale": _scale,
    "Tanh": lambda self, upstream: upstream * (1 - self.a),
    "Sigmoid": lambda self, upstream: upstream * (1 - self.a),
    "ReLU": lambda self, upstream: upstream * ~self.mask,
    "LeakyReLU": lambda self, upstream: upstream * (self.factor == 1),
    "ELU": lambda self, upstream: upstream * np.where(self.x > 0, 1.0, self.y),
    "Softplus": lambda self, upstream, x: upstream / (1 + np.exp(x)),
    "Swish": lambda self, upstream, cache: upstream * cache[1],
    "Sine": lambda self, upstream: -upstream * np.cos(self.x),
    "Softmax": lambda self, upstream: upstream * self.p * (1 - self.p),
    "Centre": lambda self, upstream: upstream,
    "LayerNorm": _norm,
    "RMSNorm": lambda self, upstream: self.r * upstream,
    "Gate": _gate,
    "Residual": _residual,
    "Highway": lambda self, upstream: upstream * (self.t * (1 - self.h**2) + 1 - self.t),
    "Cumulative": lambda self, upstream: np.cumsum(upstream, axis=1),
}


def mistakes_in(kind: type) -> dict[str, type]:
    """Return the wrong variants of a layer, keyed by what is wrong."""
    found = {"typical": variant(kind, TYPICAL[kind.__name__])}
    found |= {f"passes down: {what}": with_wrong_input_gradient(kind, change) for what, change in OF_INPUT.items()}
    if kind.__name__ in WITH_PARAMETERS:
        found |= {
            f"parameter: {what}": with_wrong_parameter_gradient(kind, change) for what, change in OF_PARAMETERS.items()
        }
    return found


def library_with(kind: type, wrong: type) -> list[type]:
    """Return all layers, with one of them replaced by a wrong variant."""
    return [wrong if other is kind else other for other in LAYERS]
