"""Gradients on a manifold: compared along curves that stay on it, and tested for being tangent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.reports.report import Report
from gradcheck.subjects.function import FunctionSubject
from gradcheck.subjects.validation import type_name
from gradcheck.verdicts.verdict import Verdict

Array = NDArray[np.float64]

#: Coordinates of at most so many parameters are tangents one by one; of more, so many random tangents are drawn.
TANGENTS = 24

#: How far the second point is from the first, in units of the point.
AWAY = 0.3

#: Said of a check on a manifold.
NOTE = "checked along curves on the manifold that retract= defines; entries are those of the projected gradient"


def manifold_subjects(
    fun: Callable[..., Any],
    grad: Callable[..., Any],
    x0: Any,
    args: Sequence[Any],
    retract: Callable[[Array, Array], Any] | None,
    project: Callable[[Array, Array], Any] | None,
    rng: np.random.Generator,
) -> list[FunctionSubject]:
    """The function along curves on the manifold, at the point and at another one.

    Raises
    ------
    SubjectError, SubjectTypeError
        If `x0` is not one array, or the point, a projection or a retraction is not what it has to be.
    """
    if isinstance(x0, (dict, list, tuple)) or np.asarray(x0).dtype.kind != "f":
        raise SubjectTypeError(f"x0 is a {type_name(x0)}: with retract= or project= it must be one array of floats")
    if not callable(grad):
        raise SubjectTypeError("with retract= or project=, grad must be the function that computes the gradient")
    step = retract or _plain_step
    tangent = project or _differential(step)
    point = np.array(x0, dtype=np.float64)
    _require_retraction(step, tangent, point, rng)
    found = []
    size = float(np.linalg.norm(point)) / np.sqrt(max(1, point.size)) or 1.0
    away = np.asarray(step(point.copy(), np.asarray(tangent(point.copy(), AWAY * size * rng.normal(size=point.shape)))))
    for x in (point, away):
        found.append(_along_curves(fun, grad, x, args, step, tangent, rng))
    return found


def _along_curves(
    fun: Callable[..., Any],
    grad: Callable[..., Any],
    x: Array,
    args: Sequence[Any],
    step: Callable[[Array, Array], Any],
    tangent: Callable[[Array, Array], Any],
    rng: np.random.Generator,
) -> FunctionSubject:
    """The function of the coordinates along some tangents, and the slopes that the gradient claims for it."""
    scale = float(np.linalg.norm(x)) / np.sqrt(max(1, x.size)) or 1.0
    few = x.size <= TANGENTS
    directions = np.eye(x.size) if few else rng.normal(size=(TANGENTS, x.size)) / np.sqrt(x.size)
    tangents = np.stack(
        [scale * np.asarray(tangent(x.copy(), row.reshape(x.shape)), dtype=np.float64).ravel() for row in directions]
    )
    claimed = np.asarray(grad(x.copy(), *args), dtype=np.float64)
    if claimed.shape != x.shape:
        raise SubjectError(f"grad returned shape {claimed.shape}, but x0 has shape {x.shape}")

    def along(a: Array) -> Any:
        return fun(np.asarray(step(x.copy(), (a @ tangents).reshape(x.shape))), *args)

    along.__qualname__ = getattr(fun, "__qualname__", type(fun).__qualname__)
    subject = FunctionSubject(along, tangents @ claimed.ravel(), np.zeros(len(tangents)))
    subject._notes = {NOTE: None}
    return subject


def _require_retraction(
    step: Callable[[Array, Array], Any],
    tangent: Callable[[Array, Array], Any],
    x: Array,
    rng: np.random.Generator,
) -> None:
    """Refuse functions that are no projection and no retraction."""
    there = np.asarray(step(x.copy(), np.zeros_like(x)), dtype=np.float64)
    if there.shape != x.shape or np.linalg.norm(there - x) > 1e-6 * max(1.0, float(np.linalg.norm(x))):
        raise SubjectError(
            "retract(x0, 0) is not x0: x0 must lie on the manifold, and retract(x, v) return a point of it"
        )
    drawn = rng.normal(size=x.shape)
    size = float(np.linalg.norm(drawn))
    v = np.asarray(tangent(x.copy(), drawn.copy()), dtype=np.float64)
    if v.shape != x.shape:
        raise SubjectError(f"project returned shape {v.shape}, but x0 has shape {x.shape}")
    again = np.asarray(tangent(x.copy(), v.copy()), dtype=np.float64)
    if np.linalg.norm(again - v) > 1e-6 * size:
        raise SubjectError("project(x0, v) is no projection: applied twice it gives something else")
    h = 2.0**-13
    moved = (np.asarray(step(x.copy(), h * v)) - np.asarray(step(x.copy(), -h * v))) / (2 * h)
    if np.linalg.norm(moved - v) > 1e-4 * size:
        raise SubjectError(
            "retract(x, v) does not leave x0 in the direction v: no retraction, or v is not tangent to it"
        )


def not_tangent(
    grad: Callable[..., Any],
    retract: Callable[[Array, Array], Any] | None,
    project: Callable[[Array, Array], Any] | None,
    x0: Any,
    args: Sequence[Any],
    rtol: float,
) -> str | None:
    """By how much the claimed gradient is not tangent at the point; None if it is tangent within the tolerance."""
    x = np.array(x0, dtype=np.float64)
    tangent = project or _differential(retract or _plain_step)
    claimed = np.asarray(grad(x.copy(), *args), dtype=np.float64)
    off = float(np.linalg.norm(claimed - np.asarray(tangent(x.copy(), claimed.copy()))))
    size = float(np.linalg.norm(claimed))
    return None if off <= rtol * size else f"{off / size:.2g} of the norm of the claimed gradient is not tangent"


def joined(reports: Sequence[Report], off: str | None, around: Report | None) -> Report:
    """The report at the point, unless another point, or a part that is not tangent, shows a mistake.

    Parameters
    ----------
    reports : sequence of Report
        At the point and at another one, along the manifold.
    off : str or None
        By how much the claim is not tangent.
    around : Report or None
        Of the claim as a gradient in the space around the manifold, if it is not tangent.
    """
    wrong = next((report for report in reports if report.verdict is Verdict.FAIL), None)
    base = reports[0] if wrong is None else wrong  # a report that does not pass is false
    notes = base.notes
    if wrong is not None and wrong is not reports[0]:
        passed = "right" if reports[0] else "undecided"
        notes = (*notes, f"{passed} at your point, wrong at another point of the manifold")
    if off is not None and around is not None and wrong is None:
        if around.verdict is Verdict.PASS:
            notes = (
                *notes,
                f"{off}: it is the gradient in the space around the manifold; project it to follow it there",
            )
        else:
            base = replace(around, verdict=Verdict.FAIL)
            notes = (*base.notes, f"{off}, and it is not the gradient in the space around the manifold either")
    every = [*reports, *([around] if around is not None else [])]
    return replace(
        base,
        notes=notes,
        evaluations=sum(report.evaluations for report in every),
        gradients=len(reports),
        seconds=sum(report.seconds for report in every),
    )


def _plain_step(x: Array, v: Array) -> Array:
    return x + v


def _differential(step: Callable[[Array, Array], Any]) -> Callable[[Array, Array], Array]:
    """The tangent along which a retraction leaves a point: its derivative, by differences extrapolated twice."""

    def tangent(x: Array, v: Array) -> Array:
        length = float(np.linalg.norm(v)) or 1.0
        slopes = []
        for h in (2.0**-7, 2.0**-8, 2.0**-9):
            h *= max(1.0, float(np.linalg.norm(x))) / length
            ahead, back = (np.asarray(step(x.copy(), sign * h * v), dtype=np.float64) for sign in (1, -1))
            slopes.append((ahead - back) / (2 * h))
        first = [(4 * b - a) / 3 for a, b in pairwise(slopes)]
        return np.asarray((16 * first[1] - first[0]) / 15)

    return tangent
