"""GC307 statistics-held-constant: a normalisation is differentiated as if its mean and variance were constants."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import ExactArray, Mistake, Variant
from gradcheck.subjects.views import LayerView

Array = NDArray[Any]

#: A formula for the output of a layer holds if it is met within this part of the largest output.
FORMULA_HOLDS_WITHIN = 1e-9

#: Names of the attribute of a layer that holds the epsilon under its root, without underscores around them.
EPSILON_NAMES = ("epsilon", "eps")


class Normalisation(NamedTuple):
    """The parts of y = gamma · (x − mean)/root + beta, for x reshaped to `shape`.

    Attributes
    ----------
    gamma : ndarray
        Broadcast to `shape`.
    normalised : ndarray
        (x − mean)/root.
    root : ndarray
        Square root of the variance plus epsilon; of the mean square if not `centred`.
    centred : bool
        Whether the mean is subtracted.
    axes : tuple of int
        Axes of `shape` along which the statistics are taken.
    shape : tuple of int
    """

    gamma: Array
    normalised: Array
    root: Array
    centred: bool
    axes: tuple[int, ...]
    shape: tuple[int, ...]


class StatisticsHeldConstant(Mistake):
    """The gradient through the mean, through the variance, or through both is missing."""

    code, slug = "GC307", "statistics-held-constant"
    description = "the statistics of the batch or layer are treated as constants"
    fix = (
        "Differentiate through the mean and the variance: (H − mean(H) − v · mean(H v))/σ, where H = gamma · upstream "
        "and v are the normalised values."
    )

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield the gradient of a normalisation with both statistics held constant, and with one of them."""
        layer = context.layer
        if layer is None or not context.is_input(block) or layer.elementwise or layer.x.shape != layer.y.shape:
            return
        found = _normalisation(layer)
        if found is None:
            return
        scaled = found.gamma * layer.upstream.reshape(found.shape)
        mean_part = scaled.mean(axis=found.axes, keepdims=True)
        variance_part = found.normalised * (scaled * found.normalised).mean(axis=found.axes, keepdims=True)
        wrong = {"mean and variance" if found.centred else "the mean square": scaled / found.root}
        if found.centred:
            wrong["the mean"] = (scaled - variance_part) / found.root
            wrong["the variance"] = (scaled - mean_part) / found.root
        for detail, gradient in wrong.items():
            yield ExactArray(detail, gradient.reshape(layer.x.shape))


def _normalisation(layer: LayerView) -> Normalisation | None:
    """Find the axes and statistics with which a layer normalises, from its input and output; None if it does not."""
    epsilon = next((float(v) for k, v in vars(layer.layer).items() if k.strip("_") in EPSILON_NAMES), 0.0)
    for shape in _row_shapes(layer):
        rows = layer.x.reshape(shape)
        for axes, centred in itertools.product(_sets_of_axes(shape), (True, False)):
            mean = rows.mean(axis=axes, keepdims=True) if centred else 0.0
            root = np.sqrt(((rows - mean) ** 2).mean(axis=axes, keepdims=True) + epsilon)
            if not (root > 0).all():
                continue
            normalised = (rows - mean) / root
            gamma = _gamma(list(layer.parameters.values()), normalised.reshape(layer.x.shape), layer.y)
            if gamma is not None:
                return Normalisation(gamma.reshape(shape), normalised, root, centred, axes, shape)
    return None


def _row_shapes(layer: LayerView) -> list[tuple[int, ...]]:
    """Shapes of the input in which statistics may be taken: its own, and one with the features in groups."""
    shape = layer.x.shape
    if len(shape) == 1:
        return [shape]
    groups = int(getattr(layer.layer, "groups", 1))
    if groups > 1 and shape[1] % groups == 0:
        return [shape, (shape[0], groups, shape[1] // groups, *shape[2:])]
    return [shape, (shape[0], 1, *shape[1:])]


def _sets_of_axes(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Yield the sets of axes that hold more than one entry, smallest first."""
    for count in range(1, len(shape) + 1):
        for axes in itertools.combinations(range(len(shape)), count):
            if np.prod([shape[a] for a in axes]) > 1:
                yield axes


def _gamma(parameters: list[Array], normalised: Array, y: Array) -> Array | None:
    """Find gamma with gamma · normalised + beta = y, among the parameters, 0 and 1; None if that fails."""
    for gamma, beta in itertools.permutations([1.0, *parameters, 0.0], 2):
        for scale, shift in zip(_broadcasts(gamma, y), _broadcasts(beta, y), strict=True):
            limit = FORMULA_HOLDS_WITHIN * np.abs(y).max(initial=0.0)
            if np.allclose(scale * normalised + shift, y, rtol=FORMULA_HOLDS_WITHIN, atol=limit):
                return np.broadcast_to(scale, y.shape).astype(y.dtype)
    return None


def _broadcasts(parameter: Any, y: Array) -> list[Array]:
    """Broadcast a parameter against the output along the second axis, and along the last; NaN where that fails."""
    parameter = np.asarray(parameter)
    along = parameter.reshape(*parameter.shape, *(1,) * (y.ndim - 2)) if parameter.ndim == 1 < y.ndim else parameter
    found = []
    for shaped in (along, parameter):
        try:
            found.append(np.broadcast_to(shaped, y.shape))
        except ValueError:
            found.append(np.full(y.shape, np.nan))
    return found
