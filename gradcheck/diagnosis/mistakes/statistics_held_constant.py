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

#: Roots follow from a variance and one epsilon if each does within this part of itself: they are ratios of sums.
ROOT_HOLDS_WITHIN = 1e-7

#: The layer is tried again at this multiple of its input, plus this. Statistics that are constants do not follow.
OTHER_SCALE, OTHER_SHIFT = 0.75, 0.125


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
    bend : ndarray or float
        The derivative of the root with respect to an input is this times its normalised value over the number of terms:
        1, or more if the variance is divided by one less, or the epsilon stands outside of the root.
    centred : bool
        Whether the mean is subtracted.
    axes : tuple of int
        Axes of `shape` along which the statistics are taken.
    shape : tuple of int
    """

    gamma: Array
    normalised: Array
    root: Array
    bend: Array | float
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
        together = (scaled * found.normalised).mean(axis=found.axes, keepdims=True)
        variance_part = found.bend * found.normalised * together
        wrong = {"mean and variance" if found.centred else "the mean square": scaled / found.root}
        if found.centred:
            wrong["the mean"] = (scaled - variance_part) / found.root
            wrong["the variance"] = (scaled - mean_part) / found.root
        for detail, gradient in wrong.items():
            yield ExactArray(detail, gradient.reshape(layer.x.shape))


def _normalisation(layer: LayerView) -> Normalisation | None:
    """Find the axes and statistics with which a layer normalises, from its input and output; None if it does not.

    The roots follow from input and output; the epsilon in them is what they have beyond the variance, the same in all.
    """
    for shape in _row_shapes(layer):
        rows = layer.x.reshape(shape)
        for axes, centred in itertools.product(_sets_of_axes(shape), (True, False)):
            centre, spread = _statistics(rows, axes, centred)
            for gamma, beta in _affine(list(layer.parameters.values()), layer.y):
                root = _roots(gamma.reshape(shape) * centre, (layer.y - beta).reshape(shape), axes)
                if root is None:
                    continue
                terms = int(np.prod([shape[axis] for axis in axes]))
                for form in _forms(terms):
                    epsilon = form.epsilon(spread, root)
                    if epsilon is not None and _holds_elsewhere(
                        layer, shape, axes, centred, form, epsilon, gamma, beta
                    ):
                        bend = form.bend(spread, root)
                        return Normalisation(gamma.reshape(shape), centre / root, root, bend, centred, axes, shape)
    return None


class Form(NamedTuple):
    """How a root is made of a variance: √(factor · variance + ε), or √(factor · variance) + ε if `outside`."""

    factor: float
    outside: bool

    def epsilon(self, spread: Array, root: Array) -> float | None:
        """The ε that all roots have in common; None if there is none."""
        least = int(root.argmin())
        if self.outside:
            found = float(root.flat[least] - np.sqrt(self.factor * spread.flat[least]))
        else:
            found = float(root.flat[least] ** 2 - self.factor * spread.flat[least])
        found = max(found, 0.0)
        same = np.abs(self.root(spread, found) - root) <= ROOT_HOLDS_WITHIN * root
        return found if same.all() else None

    def root(self, spread: Array, epsilon: float) -> Array:
        """The roots of variances."""
        scaled = self.factor * spread
        return np.asarray(np.sqrt(scaled) + epsilon if self.outside else np.sqrt(scaled + epsilon))

    def bend(self, spread: Array, root: Array) -> Array | float:
        """See `Normalisation`."""
        if not self.outside:
            return self.factor
        deviation = np.sqrt(self.factor * spread)
        return np.asarray(self.factor * root / np.where(deviation > 0, deviation, np.inf))


def _forms(terms: int) -> tuple[Form, ...]:
    factors = (1.0, terms / (terms - 1))
    return tuple(Form(factor, outside) for outside in (False, True) for factor in factors)


def _statistics(rows: Array, axes: tuple[int, ...], centred: bool) -> tuple[Array, Array]:
    """The input less its mean, if that is subtracted, and the mean of its squares."""
    centre = rows - rows.mean(axis=axes, keepdims=True) if centred else rows
    return centre, np.asarray((centre**2).mean(axis=axes, keepdims=True))


def _roots(scaled: Array, target: Array, axes: tuple[int, ...]) -> Array | None:
    """The numbers, one for each set of statistics, that scaled values have to be divided by; None if there are none."""
    above, below = (scaled * scaled).sum(axis=axes, keepdims=True), (scaled * target).sum(axis=axes, keepdims=True)
    if not ((above > 0) & (below > 0)).all():
        return None
    root = np.asarray(above / below)
    limit = FORMULA_HOLDS_WITHIN * np.abs(target).max(initial=0.0)
    return root if np.allclose(scaled / root, target, rtol=FORMULA_HOLDS_WITHIN, atol=limit) else None


def _holds_elsewhere(
    layer: LayerView,
    shape: tuple[int, ...],
    axes: tuple[int, ...],
    centred: bool,
    form: Form,
    epsilon: float,
    gamma: Array,
    beta: Array,
) -> bool:
    """Whether the same ε gives the output at another input: statistics that are constants do not."""
    x = OTHER_SCALE * layer.x + OTHER_SHIFT
    centre, spread = _statistics(x.reshape(shape), axes, centred)
    expected = gamma * (centre / form.root(spread, epsilon)).reshape(x.shape) + beta
    limit = ROOT_HOLDS_WITHIN * np.abs(expected).max(initial=0.0)
    return bool(np.allclose(layer.forward(x), expected, rtol=ROOT_HOLDS_WITHIN, atol=limit))


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


def _affine(parameters: list[Array], y: Array) -> Iterator[tuple[Array, Array]]:
    """Yield gamma and beta of y = gamma · normalised + beta, among the parameters, 1 and 0, in the shape of y."""
    for gamma, beta in itertools.permutations([1.0, *parameters, 0.0], 2):
        for scale, shift in zip(_broadcasts(gamma, y), _broadcasts(beta, y), strict=True):
            if np.isfinite(scale).all() and np.isfinite(shift).all() and scale.any():
                yield scale.astype(y.dtype), shift.astype(y.dtype)


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
