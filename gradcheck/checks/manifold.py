"""Gradients on a manifold: compared along curves that stay on it, and tested for being tangent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.reports.report import Report
from gradcheck.subjects.function import FunctionSubject
from gradcheck.subjects.retraction import Retraction, point_of_manifold
from gradcheck.subjects.validation import type_name
from gradcheck.verdicts.verdict import Verdict

Array = NDArray[np.float64]

#: Said of a check on a manifold.
NOTE = "checked along curves on the manifold that retract= defines; entries are those of the projected gradient"


def manifold_subjects(
    fun: Callable[..., Any],
    grad: Callable[..., Any],
    x0: Any,
    args: Sequence[Any],
    retraction: Retraction,
    rng: np.random.Generator,
) -> list[FunctionSubject]:
    """The function along curves on the manifold, at the point and at another one.

    Raises
    ------
    SubjectError, SubjectTypeError
        If `x0` is not one array, or the point, a projection or a retraction is not what it has to be.
    """
    point = point_of_manifold(x0, retraction, rng)
    if not callable(grad):
        raise SubjectTypeError("with retract= or project=, grad must be the function that computes the gradient")
    away = retraction.away(point, rng)
    return [_along_curves(fun, grad, x, args, retraction, rng) for x in (point, away)]


def _along_curves(
    fun: Callable[..., Any],
    grad: Callable[..., Any],
    x: Array,
    args: Sequence[Any],
    retraction: Retraction,
    rng: np.random.Generator,
) -> FunctionSubject:
    """The function of the coordinates along some tangents, and the slopes that the gradient claims for it."""
    tangents = retraction.tangents(x, rng)
    claimed = _claimed(grad, x, args)
    if claimed.shape != x.shape:
        raise SubjectError(f"grad returned shape {claimed.shape}, but x0 has shape {x.shape}")

    def along(a: Array) -> Any:
        return fun(retraction.moved(x, (a @ tangents).reshape(x.shape)), *args)

    along.__qualname__ = getattr(fun, "__qualname__", type(fun).__qualname__)
    with np.errstate(all="ignore"):
        slopes = tangents @ claimed.ravel()
    subject = FunctionSubject(along, slopes, np.zeros(len(tangents)))
    subject._notes = {NOTE: None}
    return subject


def _claimed(grad: Callable[..., Any], x: Array, args: Sequence[Any]) -> Array:
    found = grad(x.copy(), *args)
    try:
        return np.asarray(found, dtype=np.float64)
    except (TypeError, ValueError):
        raise SubjectTypeError(
            f"grad returned a {type_name(found)}: with retract= or project= return an array of shape {x.shape}"
        ) from None


def not_tangent(
    grad: Callable[..., Any], retraction: Retraction, x0: Any, args: Sequence[Any], rtol: float
) -> str | None:
    """By how much the claimed gradient is not tangent at the point; None if it is tangent within the tolerance."""
    x = np.array(x0, dtype=np.float64)
    off = retraction.off_tangent(x, _claimed(grad, x, args))
    return None if off <= rtol else f"{off:.2g} of the norm of the claimed gradient is not tangent"


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
