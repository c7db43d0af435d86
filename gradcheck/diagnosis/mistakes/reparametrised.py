"""GC312 reparametrised: the gradient is off by the slope of a map between the parameter and what the loss uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import LinearMap, Mistake, Permutation, RightGradient, Variant

Array = NDArray[Any]

#: Claims that sum to zero do so within this part of their largest entry, also in float32.
SUM_TOLERANCE = 1e-5

#: Slopes count if the largest is at most so many times the smallest: beyond, one entry would decide alone.
RANGE_OF_SLOPES = 1e12


def _sigmoid(x: Array) -> Array:
    return np.asarray(np.exp(-np.logaddexp(0.0, -x)))


def _softmax(x: Array, axis: int) -> Array:
    raised = np.exp(x - x.max(axis=axis, keepdims=True))
    return np.asarray(raised / raised.sum(axis=axis, keepdims=True))


@dataclass(frozen=True)
class Map:
    """An elementwise map m of a parameter θ.

    Attributes
    ----------
    name : str
    slope : callable
        m′(θ), not finite outside of the domain of m.
    """

    name: str
    slope: Callable[[Array], Array]


#: Maps by which parameters are kept positive, or between 0 and 1, or are given as a square, a root or a reciprocal.
MAPS = (
    Map("log θ", lambda x: 1 / x),
    Map("exp θ", np.exp),
    Map("θ²", lambda x: 2 * x),
    Map("√θ", lambda x: 0.5 / np.sqrt(np.where(x > 0, x, np.nan))),
    Map("1/θ", lambda x: -1 / (x * x)),
    Map("exp(θ/2)", lambda x: 0.5 * np.exp(0.5 * x)),
    Map("exp(−θ)", lambda x: -np.exp(-x)),
    Map("the sigmoid of θ", lambda x: _sigmoid(x) * _sigmoid(-x)),
    Map("tanh θ", lambda x: 1 - np.tanh(x) ** 2),
    Map("log(1 + exp θ)", _sigmoid),
    Map("the logit of θ", lambda x: 1 / np.where((x > 0) & (x < 1), x * (1 - x), np.nan)),
)

#: Those that are applied to the diagonal of a matrix alone, as for the factor of a covariance.
OF_DIAGONALS = ("exp θ", "log(1 + exp θ)")


class Reparametrised(Mistake):
    """The slope m′(θ) of a map m is missing, or is applied where there is no such map, or once too often."""

    code, slug = "GC312", "reparametrised"
    description = "the claimed gradient is off by the slope of a map of the parameter θ"
    fix = (
        "Apply the chain rule to the map between θ and what the loss uses, exactly once: for s = exp(θ), "
        "dJ/dθ = dJ/ds · s. Where θ itself is what the loss uses, apply no slope."
    )

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield the gradient divided by each slope and multiplied by it, for a block of parameters."""
        if context.is_input(block) or context.point[block].size == 0:
            return
        theta = context.point[block].astype(np.float64)
        with np.errstate(all="ignore"):
            for known in MAPS:
                yield from _elementwise(context, block, known.name, known.slope(theta))
            if theta.ndim == 2 and theta.shape[0] == theta.shape[1] > 1:
                for known in MAPS:
                    if known.name in OF_DIAGONALS:
                        slope = np.where(np.eye(len(theta)) == 1, known.slope(theta), 1.0)
                        yield from _elementwise(context, block, f"{known.name} of the diagonal", slope)
        yield from _of_softmax(context, block, theta)


def _elementwise(context: Context, block: int, name: str, slope: Array) -> Iterator[Variant]:
    """Yield both directions for a map with these slopes; none where it is not defined."""
    size = np.abs(slope)
    if not np.isfinite(slope).all() or not size.any() or size.max() > RANGE_OF_SLOPES * size[size > 0].min():
        return
    missing, extra = _details(name)
    times = partial(np.multiply, slope)
    if size.all():
        over = partial(np.multiply, 1 / slope)
        yield Permutation(missing, block, over, times)
        yield Permutation(extra, block, times, over)
        return
    yield RightGradient(missing, context.claim[block] * slope)
    yield LinearMap(extra, block, times, times, partial(_is_zero_at, slope == 0))


def _details(name: str) -> tuple[str, str]:
    """What the two directions are called."""
    return f"it is the derivative with respect to {name}", f"the slope of {name} is applied once too often"


def _of_softmax(context: Context, block: int, theta: Array) -> Iterator[Variant]:
    """Yield both directions for a softmax along each axis, and for probabilities that are given as such."""
    given = np.asarray(context.subject.space.host(context.subject.point[block]))
    for axis, n in enumerate(theta.shape):
        if n < 2:
            continue
        along = f" along axis {axis}" if theta.ndim > 1 else ""
        missing, extra = _details(f"the softmax of θ{along}")
        turn = partial(_softmax_slope, _softmax(theta, axis), axis)
        yield RightGradient(missing, turn(context.claim[block]))
        yield LinearMap(extra, block, turn, turn, partial(_sums_to_zero, axis))
        if (given > 0).all() and np.allclose(given.sum(axis=axis), 1, rtol=SUM_TOLERANCE, atol=0.0):
            turn = partial(_softmax_slope, theta, axis)
            detail = f"it is the derivative with respect to the logits of the probabilities θ{along}"
            yield LinearMap(detail, block, turn, turn, _anything)


def _softmax_slope(p: Array, axis: int, g: Array) -> Array:
    """(diag p − p pᵀ) g along an axis: the Jacobian of the softmax, which is symmetric."""
    return np.asarray(p * (g - (p * g).sum(axis=axis, keepdims=True)))


def _is_zero_at(places: Array, claim: Array) -> bool:
    return not claim[places].any()


def _sums_to_zero(axis: int, claim: Array) -> bool:
    largest = np.abs(claim).max(axis=axis)
    return bool((np.abs(claim.sum(axis=axis)) <= SUM_TOLERANCE * claim.shape[axis] * largest).all())


def _anything(claim: Array) -> bool:
    return True
