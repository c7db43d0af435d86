"""One forward and one backward pass of a layer on copies of everything, and how far two results may differ."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.nn.layer import Layer
from gradcheck.subjects.layer import INPUT

Array = NDArray[Any]


@dataclass(frozen=True)
class ComparisonSettings:
    """How far two results of the same sums may differ by rounding alone.

    Attributes
    ----------
    rounding_units : float
        Machine epsilons of the largest entry that are always allowed: sums of a few hundred terms stay below.
    noise_multiple : float
        Multiples of the measured rounding noise that are allowed besides. The noise is the largest of a few third
        differences, so a single value can exceed it.
    noise_samples : int
        Evaluations that the noise is measured from.
    noise_order : int
        Order of the differences: those of a linear function vanish from order two on, and order three also removes
        a slight curvature.
    """

    rounding_units: float = 256.0
    noise_multiple: float = 64.0
    noise_samples: int = 7
    noise_order: int = 3


COMPARISON = ComparisonSettings()


@dataclass(frozen=True)
class PassResult:
    """Output and gradients of one forward and one backward pass, in arrays of their own.

    Attributes
    ----------
    y : ndarray
        Output.
    gradients : dict of str to ndarray
        ``"x"`` is the gradient with respect to the input; the others belong to the parameters.
    """

    y: Array
    gradients: dict[str, Array]


def run_passes(layer: Layer, x: Array, upstream: Array | None = None) -> PassResult:
    """Run forward and backward once; the upstream gradient is random by default."""
    y = np.array(layer.forward(np.array(x)))
    upstream = random_upstream(y) if upstream is None else upstream
    return PassResult(y, run_backward(layer, upstream))


def run_backward(layer: Layer, upstream: Array) -> dict[str, Array]:
    """Run backward once; returns copies of all gradients by name."""
    downstream = np.array(layer.backward(np.array(upstream)))
    return {INPUT: downstream} | {name: np.array(layer.grads[name]) for name in layer.params}


def random_upstream(y: Array, seed: int = 0) -> Array:
    """Draw an upstream gradient of the output's shape and dtype."""
    return np.random.default_rng(seed).standard_normal(y.shape).astype(y.dtype)


def with_dtype(layer: Layer, dtype: str) -> Layer:
    """Copy a layer, with its parameters converted to a dtype."""
    double = copy.deepcopy(layer)
    for name in tuple(double.params):
        double.params[name] = np.asarray(double.params[name]).astype(dtype)
    return double


def rounding_noise(
    gradients_of: Callable[[Array], dict[str, Array]], upstream: Array, settings: ComparisonSettings = COMPARISON
) -> dict[str, float]:
    """Measure the rounding error of each gradient, as a function of the upstream gradient U.

    The result is the largest third difference along (1 + kδ)·U. Where the gradient is linear in U these differences
    are pure rounding error (Moré and Wild, SIAM J. Sci. Comput. 33, 2011).

    Parameters
    ----------
    gradients_of : callable
        ``gradients_of(upstream)`` returns all gradients by name.
    upstream : ndarray
        U.
    settings : ComparisonSettings, optional
    """
    step = 2.0 ** -(np.finfo(upstream.dtype).nmant // 2)
    rows = [gradients_of(np.asarray((1 + k * step) * upstream, upstream.dtype)) for k in range(settings.noise_samples)]
    noise = {}
    for name in rows[0]:
        stacked = np.stack([row[name] for row in rows]).astype(np.float64)
        noise[name] = float(np.abs(np.diff(stacked, settings.noise_order, axis=0)).max(initial=0))
    return noise


def differs(one: Array, other: Array, noise: float, settings: ComparisonSettings = COMPARISON) -> bool:
    """Whether two arrays differ by more than rounding; arrays that are not finite always do."""
    if one.shape != other.shape:
        return True
    size = float(np.abs(one).max(initial=0.0))
    bound = settings.rounding_units * float(np.finfo(one.dtype).eps) * size + settings.noise_multiple * noise
    return not bool(np.abs(one.astype(np.float64) - other.astype(np.float64)).max(initial=0.0) <= bound)
