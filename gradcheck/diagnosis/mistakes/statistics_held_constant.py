"""GC307: mean and variance as if they were constants."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Known, Mistake, Variant
from gradcheck.subjects.views import LayerView

Array = NDArray[Any]


class _Normalisation(NamedTuple):
    """y = gamma (x − mean)/root + beta, as rows whose statistics are taken along the last axis."""

    gamma: Array
    values: Array
    root: Array
    centred: bool
    axes: tuple[int, ...]
    shape: tuple[int, ...]


class StatisticsHeldConstant(Mistake):
    """The paths through the mean, the variance, or both, are missing."""

    code, slug = "GC307", "statistics-held-constant"
    says = "with the statistics of the batch or layer taken as constants"
    fix = (
        "Mean and variance depend on x too: (H − mean(H) − v · mean(H v))/σ, with H = gamma · upstream and v the "
        "normalised numbers."
    )

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """Both held, or one of them."""
        layer = scene.layer
        if layer is None or not scene.is_input(block) or layer.elementwise or layer.x.shape != layer.y.shape:
            return
        found = _recognised(layer)
        if found is None:
            return
        slope = found.gamma * layer.upstream.reshape(found.shape)
        mean = slope.mean(axis=found.axes, keepdims=True)
        variance = found.values * (slope * found.values).mean(axis=found.axes, keepdims=True)
        yield Known("mean and variance" if found.centred else "the mean square", _in(slope / found.root, layer))
        if found.centred:
            yield Known("the mean", _in((slope - variance) / found.root, layer))
            yield Known("the variance", _in((slope - mean) / found.root, layer))


def _in(rows: Array, layer: LayerView) -> Array:
    return rows.reshape(layer.x.shape)


def _recognised(layer: LayerView) -> _Normalisation | None:
    """How the layer normalises, if its output says so: all sets of axes are tried, and groups of features."""
    x, y = layer.x, layer.y
    epsilon = next((float(v) for k, v in vars(layer.layer).items() if k.strip("_") in ("epsilon", "eps")), 0.0)
    groups = int(getattr(layer.layer, "groups", 1))
    shapes = [x.shape]
    if x.ndim > 1 and groups > 1 and x.shape[1] % groups == 0:
        shapes.append((x.shape[0], groups, x.shape[1] // groups, *x.shape[2:]))
    elif x.ndim > 1:
        shapes.append((x.shape[0], 1, *x.shape[1:]))
    parameters = [*layer.parameters.values()]
    for shape in shapes:
        rows = x.reshape(shape)
        for count in range(1, len(shape) + 1):
            for axes in itertools.combinations(range(len(shape)), count):
                if np.prod([shape[a] for a in axes]) < 2:
                    continue
                for centred in (True, False):
                    mean = rows.mean(axis=axes, keepdims=True) if centred else 0.0
                    root = np.sqrt(((rows - mean) ** 2).mean(axis=axes, keepdims=True) + epsilon)
                    if not (root > 0).all():
                        continue
                    values = (rows - mean) / root
                    gamma = _gamma(parameters, values.reshape(x.shape), y)
                    if gamma is not None:
                        return _Normalisation(gamma.reshape(shape), values, root, centred, axes, shape)
    return None


def _gamma(parameters: list[Array], values: Array, y: Array) -> Array | None:
    """What the normalised numbers are multiplied by, if that and a second parameter make the output of them."""
    candidates = [1.0, *parameters]
    for gamma, beta in itertools.permutations([*candidates, 0.0], 2):
        for one, two in zip(_spreads(gamma, y), _spreads(beta, y), strict=False):
            if np.allclose(one * values + two, y, rtol=1e-9, atol=1e-9 * np.abs(y).max(initial=0.0)):
                return np.broadcast_to(one, y.shape).astype(y.dtype)
    return None


def _spreads(parameter: Any, y: Array) -> list[Array]:
    """A parameter as it may be broadcast against the output: along the second axis, or along the last."""
    parameter = np.asarray(parameter)
    along = parameter.reshape(*parameter.shape, *(1,) * (y.ndim - 2)) if parameter.ndim == 1 < y.ndim else parameter
    found = []
    for shaped in (along, parameter):
        try:
            found.append(np.broadcast_to(shaped, y.shape))
        except ValueError:
            found.append(np.full(y.shape, np.nan))
    return found
