"""A map on a manifold as a map of the coordinates along some tangents at one point, with what is claimed of those."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.subjects.maps.claim import AssembledClaim, Claim, named
from gradcheck.subjects.maps.map_subject import MapSubject
from gradcheck.subjects.maps.outputs import Outputs
from gradcheck.subjects.retraction import TANGENTS, Retraction
from gradcheck.subjects.selection import Parameters

Array = NDArray[np.float64]

#: Said of a check on a manifold, where the tangents are those nearest to the coordinates, and where they are random.
ONE_BY_ONE = "checked along curves on the manifold that retract= defines; entries are those of the projected derivative"
RANDOM = (
    f"checked along {TANGENTS} random curves on the manifold that retract= defines; the last index of an entry is the "
    "number of the curve"
)


class TangentClaim(Claim):
    """What a claim says at one point of the directions that some tangents span.

    Parameters
    ----------
    whole : MapSubject
        The map in the space around the manifold, with the claim.
    x : ndarray
        The point.
    tangents : ndarray
        As rows.
    outputs : ndarray, optional
        Rows that the outputs are multiplied by.

    Attributes
    ----------
    one_by_one : bool
        Whether there is one tangent for each coordinate.
    notes : dict
        About the map in the space around.
    """

    only_here = True

    def __init__(self, whole: MapSubject, x: Array, tangents: Array, outputs: Array | None = None) -> None:
        self._whole, self._x, self._tangents, self._rows = whole, x, tangents, outputs
        self.source, self.pulls, self.pushes = whole.claim.source, whole.claim.pulls, whole.claim.pushes
        self.independent = getattr(whole.claim, "independent", False)
        self.one_by_one, self.notes = x.size <= TANGENTS, whole._notes

    def pullback(
        self, call: Callable[..., Any], key: bytes, cotangent: Array, outputs: Outputs, parameters: Parameters
    ) -> Sequence[Array]:
        """Slopes along the tangents."""
        cotangent = cotangent if self._rows is None else cotangent @ self._rows
        (found,) = self._whole.with_cotangent(cotangent).gradient((self._x.copy(),))
        self.calls = self._whole.claim.calls
        return [self._tangents @ np.asarray(found, dtype=np.float64).ravel()]

    def product(
        self, call: Callable[..., Any], key: bytes, vectors: Sequence[Array], outputs: Outputs, parameters: Parameters
    ) -> Array:
        """The product with a sum of tangents."""
        direction = (vectors[0].ravel() @ self._tangents).reshape(self._x.shape)
        found = self._whole.product((self._x.copy(),), [direction])
        self.calls = self._whole.claim.calls
        return found if self._rows is None else self._rows @ found


def along_manifold(
    whole: MapSubject, x: Array, retraction: Retraction, rng: np.random.Generator, args: Sequence[Any] = ()
) -> MapSubject:
    """A map along curves through a point of a manifold.

    Parameters
    ----------
    whole : MapSubject
        The map in the space around the manifold, of one array.
    x : ndarray
    retraction : Retraction
    rng : numpy.random.Generator
        Draws the tangents of large points.
    args : sequence
        Further arguments of the map.
    """
    tangents = retraction.tangents(x, rng)
    fun, pairs = whole.functions()[0], whole._pairs

    def along(a: Any, *more: Any) -> Any:
        return fun(retraction.moved(x, (a @ tangents).reshape(x.shape)), *more)

    along.__qualname__ = named(fun)
    return on_curves(along, TangentClaim(whole, x, tangents), len(tangents), args, pair=pairs)


def gradient_along_manifold(
    whole: MapSubject,
    x: Array,
    retraction: Retraction,
    rng: np.random.Generator,
    args: Sequence[Any] = (),
    *,
    project: bool,
) -> MapSubject:
    """A gradient along curves through a point, and its components along the tangents there; the claim is a Hessian.

    The derivative of the projected gradient field, projected, is the Riemannian Hessian (Absil, Mahony and Sepulchre,
    section 5.3); that of the gradient as it is, projected, the Hessian in the space around, for tangents alone.

    Parameters
    ----------
    whole : MapSubject
        The gradient in the space around the manifold, and the claimed Hessian.
    x, retraction, rng, args
        As for `along_manifold`.
    project : bool
        Whether the gradient is projected where it is computed.
    """
    tangents = retraction.tangents(x, rng)
    grad = whole.functions()[0]

    def along(a: Any, *more: Any) -> Any:
        there = retraction.moved(x, (a @ tangents).reshape(x.shape))
        gradient = np.asarray(grad(there.copy(), *more), dtype=np.float64).reshape(x.shape)
        return tangents @ (retraction.projected(there, gradient) if project else gradient).ravel()

    along.__qualname__ = named(grad)
    return on_curves(along, TangentClaim(whole, x, tangents, tangents), len(tangents), args)


def on_curves(
    along: Callable[..., Any], claim: TangentClaim, count: int, args: Sequence[Any], *, pair: bool = False
) -> MapSubject:
    """The subject of a map of coordinates along tangents."""
    subject = MapSubject(along, claim if claim.pulls else AssembledClaim(claim), np.zeros(count), args, pair=pair)
    subject.only_here = True
    subject._notes = {ONE_BY_ONE if claim.one_by_one else RANDOM: None, **claim.notes}
    return subject
