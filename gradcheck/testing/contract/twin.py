"""A layer in a narrow dtype is judged by its twin in float64, and by how far rounding may take it from there."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.testing.contract.example import Example, Violation, block_names
from gradcheck.testing.contract.passes import random_upstream, run_passes, with_dtype
from gradcheck.tracebacks import pass_on_signal

Array = NDArray[Any]


@dataclass(frozen=True)
class ConditioningSettings:
    """How far a gradient in a narrow dtype may be from that of the same layer in float64.

    Attributes
    ----------
    samples : int
        Points at which the layer is run in float64 to measure what rounding makes of its gradient.
    noise_order : int
        Order of the differences along these points; a gradient that is smooth over so short a way has none of order
        three.
    step : float
        Relative distance of the points. It is far above the rounding of float64, so that each point rounds differently,
        and far below what a narrow dtype resolves.
    multiple : float
        Multiples of the measured error that are allowed: it is the largest of a few values, and the error of the narrow
        dtype is another one.
    units : float
        Machine epsilons of the largest entry that are always allowed: sums of a few hundred terms stay below.
    """

    samples: int = 7
    noise_order: int = 3
    step: float = 2.0**-38
    multiple: float = 64.0
    units: float = 256.0


CONDITIONING = ConditioningSettings()


def twin_of(example: Example) -> Example | None:
    """The layer with the same numbers in float64; None if it is that already, or does not compute in float64."""
    x = example.x.astype(np.float64) if example.x.dtype.kind == "f" else example.x
    twin = replace(example, layer=with_dtype(example.layer, "float64"), x=x)
    try:
        result = run_passes(copy.deepcopy(twin.layer), twin.x)
    except Exception as error:
        pass_on_signal(error)
        return None
    arrays = [result.y, *(result.gradients[name] for name in block_names(twin))]
    wide = all(array.dtype == np.float64 for array in arrays)
    return twin if wide and _dtype_of(example) != np.float64 else None


def _dtype_of(example: Example) -> np.dtype[Any]:
    """The dtype in which a layer computes: that of its input, or of its parameters if the input holds indices."""
    arrays = [example.x, *map(np.asarray, example.layer.params.values())]
    return next((array.dtype for array in arrays if array.dtype.kind == "f"), np.dtype(np.float64))


def other_digits(narrowed: Example, twin: Example) -> Violation | None:
    """A gradient that differs from that in float64 by more than the rounding of the narrow dtype can explain."""
    dtype = _dtype_of(narrowed)
    upstream = random_upstream(np.asarray(copy.deepcopy(narrowed.layer).forward(narrowed.x)))
    narrow = run_passes(copy.deepcopy(narrowed.layer), narrowed.x, upstream).gradients
    wide = run_passes(copy.deepcopy(twin.layer), twin.x, upstream.astype(np.float64)).gradients
    allowed = rounding_allowed(twin, upstream.astype(np.float64), float(np.finfo(dtype).eps))
    for name in block_names(twin):
        one, other = narrow[name].astype(np.float64), wide[name]
        if one.shape == other.shape and not bool(np.abs(one - other).max(initial=0.0) <= allowed[name]):
            gap = float(np.abs(one - other).max())
            size = float(np.abs(other).max())
            return Violation(
                twin.shape,
                f"the gradient of {name} in {dtype} differs from that in float64 by {gap:.2g}, where the largest entry "
                f"is {size:.2g} and rounding explains {allowed[name]:.2g}",
                "Look for a narrower dtype inside, for a branch on the dtype, and for a constant that is out of range "
                f"in {dtype}.",
            )
    return None


def rounding_allowed(
    twin: Example, upstream: Array, eps: float, settings: ConditioningSettings = CONDITIONING
) -> dict[str, float]:
    """What rounding to a machine epsilon may change in each gradient of a layer.

    The rounding error of the layer's own arithmetic is measured in float64, as the largest third difference of its
    gradients along a short line through input, parameters and upstream gradient (Moré and Wild, SIAM J. Sci. Comput.
    33, 2011), and scaled by the ratio of the machine epsilons. What the rounding of the numbers themselves changes is
    measured by moving them by as much.

    Parameters
    ----------
    twin : Example
        The layer in float64.
    upstream : ndarray
    eps : float
        Machine epsilon of the narrow dtype.
    settings : ConditioningSettings, optional
    """
    rng = np.random.default_rng(0)
    drawn: dict[str, Array] = {}

    def gradients_at(distance: float) -> dict[str, Array]:
        def moved(name: str, value: Array) -> Array:
            if value.dtype.kind != "f":
                return value
            along = drawn.setdefault(name, rng.uniform(-1.0, 1.0, value.shape))
            return np.asarray(value * (1.0 + distance * along))

        layer = copy.deepcopy(twin.layer)
        for name in tuple(layer.params):
            layer.params[name] = moved(f"parameter {name}", np.asarray(layer.params[name]))
        return run_passes(layer, moved("input", twin.x), moved("upstream", upstream)).gradients

    rows = [gradients_at(k * settings.step) for k in range(settings.samples)]
    rounded = [gradients_at(distance) for distance in (eps, -eps)]
    ratio = eps / float(np.finfo(np.float64).eps)
    found = {}
    for name in rows[0]:
        noise = np.abs(np.diff(np.stack([row[name] for row in rows]), settings.noise_order, axis=0)).max(initial=0.0)
        change = max(float(np.abs(row[name] - rows[0][name]).max(initial=0.0)) for row in rounded)
        size = float(np.abs(rows[0][name]).max(initial=0.0))
        found[name] = settings.multiple * (ratio * float(noise) + change) + settings.units * eps * size
    return found
