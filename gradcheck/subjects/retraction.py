"""A manifold as its user describes it: how to step along a tangent, and which tangent is nearest to a direction.

P.-A. Absil, R. Mahony and R. Sepulchre, Optimization Algorithms on Matrix Manifolds (2008), chapters 3 and 4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.subjects.validation import type_name

Array = NDArray[np.float64]

#: Coordinates of at most so many parameters are tangents one by one; of more, so many random tangents are drawn.
TANGENTS = 24

#: How far the second point is from the first, in units of the point.
AWAY = 0.3


@dataclass(frozen=True, slots=True)
class Retraction:
    """Steps along a manifold.

    Attributes
    ----------
    step : callable
        ``step(x, v)`` is the point that is reached from `x` along the tangent `v`.
    tangent : callable
        ``tangent(x, v)`` is the tangent nearest to `v`, or, without a projection, the one along which the step leaves.
    projects : bool
        Whether `tangent` is the user's projection.
    """

    step: Callable[[Array, Array], Any]
    tangent: Callable[[Array, Array], Any]
    projects: bool

    def moved(self, x: Array, v: Array) -> Array:
        """The point that is reached along a tangent."""
        return np.asarray(self.step(x.copy(), v), dtype=np.float64)

    def projected(self, x: Array, v: Array) -> Array:
        """The tangent part of a direction."""
        return np.asarray(self.tangent(x.copy(), v.copy()), dtype=np.float64)

    def away(self, x: Array, rng: np.random.Generator) -> Array:
        """Another point of the manifold."""
        return self.moved(x, self.projected(x, AWAY * _size(x) * rng.normal(size=x.shape)))

    def tangents(self, x: Array, rng: np.random.Generator) -> Array:
        """Tangents as rows, of the size of the point: those nearest to the coordinates, or random ones of many."""
        directions = np.eye(x.size) if x.size <= TANGENTS else rng.normal(size=(TANGENTS, x.size)) / np.sqrt(x.size)
        scale = _size(x)
        return np.stack([scale * self.projected(x, row.reshape(x.shape)).ravel() for row in directions])

    def off_tangent(self, x: Array, v: Array) -> float:
        """The part of the norm of a direction that is not tangent."""
        size = float(np.linalg.norm(v))
        return float(np.linalg.norm(v - self.projected(x, v))) / size if size else 0.0


def retraction_of(
    retract: Callable[[Array, Array], Any] | None, project: Callable[[Array, Array], Any] | None
) -> Retraction | None:
    """What the arguments `retract` and `project` of a check describe; None where neither is given.

    Raises
    ------
    SubjectTypeError
        If one of them is not a function.
    """
    if retract is None and project is None:
        return None
    for argument, function in (("retract", retract), ("project", project)):
        if function is not None and not callable(function):
            raise SubjectTypeError(f"{argument} is a {type_name(function)}: pass a function {argument}(x, v)")
    step = retract or _plain_step
    return Retraction(step, project or _differential(step), project is not None)


def refuse_with_retraction(**given: Any) -> None:
    """Refuse options that have no meaning on a manifold: each is named with whether it was given.

    Raises
    ------
    SubjectTypeError
        Naming the first that was given.
    """
    for argument, is_given in given.items():
        if is_given:
            raise SubjectTypeError(
                f"{argument} is for checks without retract= and project=: leave {argument} out, or both of them"
            )


def point_of_manifold(x0: Any, retraction: Retraction, rng: np.random.Generator) -> Array:
    """The point, if it is one array and both functions are what they have to be there.

    Raises
    ------
    SubjectError, SubjectTypeError
        If they are not.
    """
    if isinstance(x0, (dict, list, tuple)) or np.asarray(x0).dtype.kind != "f":
        raise SubjectTypeError(f"x0 is a {type_name(x0)}: with retract= or project= it must be one array of floats")
    x = np.array(x0, dtype=np.float64)
    if not x.size:
        raise SubjectError("x0 has no entries: there is nothing to differentiate with respect to")
    there = retraction.moved(x, np.zeros_like(x))
    if there.shape != x.shape or not _distance(there, x) <= 1e-6 * max(1.0, float(np.linalg.norm(x))):
        raise SubjectError(
            "retract(x0, 0) is not x0: x0 must lie on the manifold, and retract(x, v) return a point of it"
        )
    drawn = rng.normal(size=x.shape)
    size = float(np.linalg.norm(drawn))
    v = retraction.projected(x, drawn)
    if v.shape != x.shape:
        raise SubjectError(f"project returned shape {v.shape}, but x0 has shape {x.shape}")
    again = retraction.projected(x, v)
    if not _distance(again, v) <= 1e-6 * size:
        raise SubjectError("project(x0, v) is no projection: applied twice it gives something else")
    h = 2.0**-13
    with np.errstate(all="ignore"):
        moved = (retraction.moved(x, h * v) - retraction.moved(x, -h * v)) / (2 * h)
    if not _distance(moved, v) <= 1e-4 * size:
        raise SubjectError(
            "retract(x, v) does not leave x0 in the direction v: no retraction, or v is not tangent to it"
        )
    return x


def _distance(a: Array, b: Array) -> float:
    """The norm of a difference; NaN, of which no bound is true, where one of them is not finite."""
    with np.errstate(all="ignore"):
        return float(np.linalg.norm(a - b))


def _size(x: Array) -> float:
    return float(np.linalg.norm(x)) / np.sqrt(max(1, x.size)) or 1.0


def _plain_step(x: Array, v: Array) -> Array:
    return x + v


def _differential(step: Callable[[Array, Array], Any]) -> Callable[[Array, Array], Array]:
    """The tangent along which a retraction leaves a point: its derivative, by differences extrapolated twice."""

    def tangent(x: Array, v: Array) -> Array:
        length = float(np.linalg.norm(v)) or 1.0
        slopes = []
        with np.errstate(all="ignore"):
            for h in (2.0**-7, 2.0**-8, 2.0**-9):
                h *= max(1.0, float(np.linalg.norm(x))) / length
                ahead, back = (np.asarray(step(x.copy(), sign * h * v), dtype=np.float64) for sign in (1, -1))
                slopes.append((ahead - back) / (2 * h))
            first = [(4 * b - a) / 3 for a, b in pairwise(slopes)]
            return np.asarray((16 * first[1] - first[0]) / 15)

    return tangent
