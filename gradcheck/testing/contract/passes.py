"""A layer run forward and back on copies of everything, and what came of it."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.nn.layer import Layer

Array = NDArray[Any]

#: Roundings that two results of the same sums may differ by, beside the noise that is measured.
ROUNDINGS, TIMES_NOISE = 256.0, 64.0

#: Values at so many factors close to one show how much a result wanders by rounding.
FACTORS = 7


@dataclass(frozen=True)
class Result:
    """Output and gradients of one pass, in arrays of their own.

    Attributes
    ----------
    y : ndarray
    gradients : dict of str to ndarray
        ``"x"`` is that by the input; the others are those by the parameters.
    """

    y: Array
    gradients: dict[str, Array]


def run(layer: Layer, x: Array, upstream: Array | None = None) -> Result:
    """One pass forward, and one back with the upstream gradient, random by default."""
    y = np.array(layer.forward(np.array(x)))
    upstream = upstream_of(y) if upstream is None else upstream
    return Result(y, back(layer, upstream))


def back(layer: Layer, upstream: Array) -> dict[str, Array]:
    """One pass back."""
    downstream = np.array(layer.backward(np.array(upstream)))
    return {"x": downstream} | {name: np.array(layer.grads[name]) for name in layer.params}


def upstream_of(y: Array, seed: int = 0) -> Array:
    """A random upstream gradient of the output's shape and type."""
    return np.random.default_rng(seed).standard_normal(y.shape).astype(y.dtype)


def cast(layer: Layer, dtype: str) -> Layer:
    """A copy of the layer with parameters of another type."""
    double = copy.deepcopy(layer)
    for name in tuple(double.params):
        double.params[name] = np.asarray(double.params[name]).astype(dtype)
    return double


def noise(layer: Layer, upstream: Array) -> dict[str, float]:
    """How much each gradient wanders by rounding.

    Third differences of the gradient along (1 + kδ)·U: they are rounding alone where it is linear in U, and next to
    nothing more where it is smooth in U (Moré and Wild, SIAM J. Sci. Comput. 33, 2011).
    """
    step = 2.0 ** -(np.finfo(upstream.dtype).nmant // 2)
    table = [back(layer, np.asarray((1 + k * step) * upstream, upstream.dtype)) for k in range(FACTORS)]
    return {
        name: float(
            np.abs(np.diff(np.stack([row[name] for row in table]).astype(np.float64), 3, axis=0)).max(initial=0)
        )
        for name in table[0]
    }


def differ(one: Array, other: Array, wanders: float) -> bool:
    """Whether two arrays differ by more than rounding."""
    if one.shape != other.shape:
        return True
    size = float(np.abs(one).max(initial=0.0))
    bound = ROUNDINGS * float(np.finfo(one.dtype).eps) * size + TIMES_NOISE * wanders
    return not bool(np.abs(one.astype(np.float64) - other.astype(np.float64)).max(initial=0.0) <= bound)
