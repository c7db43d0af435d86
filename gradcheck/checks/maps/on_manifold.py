"""Derivatives of maps on a manifold: compared along curves that stay on it, at the point and at another one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checks.manifold import joined
from gradcheck.checks.maps.run import MapOptions, Test, run_map_check, tolerance_of_map
from gradcheck.checks.methods import require_budget, share_of
from gradcheck.checks.observers import notify_observers
from gradcheck.checks.options import budget_of, seed_of
from gradcheck.reports.report import Report
from gradcheck.subjects.maps.along_manifold import along_manifold, gradient_along_manifold
from gradcheck.subjects.maps.claim import ProductClaim
from gradcheck.subjects.maps.map_subject import MapSubject
from gradcheck.subjects.retraction import (
    Retraction,
    point_of_manifold,
    refuse_with_retraction,
    retraction_of,
)
from gradcheck.verdicts.verdict import Verdict

Array = NDArray[np.float64]
Function = Callable[[Any, Any], Any]

#: Said of a claim whose products with cotangents are not tangent.
PARTLY = (
    "{off:.2g} of the norm of the claimed derivative, weighed by a random cotangent, is not tangent: only its part "
    "along the manifold was checked"
)

#: Said of a Hessian that is right in the space around the manifold.
AROUND = (
    "it is the Hessian in the space around the manifold, along tangents: the Riemannian Hessian is the projected "
    "derivative of the projected gradient"
)

#: Said of a Hessian that is right along the manifold, where the gradient is not tangent.
RIEMANNIAN = "it is the Riemannian Hessian, compared with differences of the projected gradient"

#: Said where a Hessian may be Riemannian and no projection is known.
UNKNOWN = (
    "the gradient is not tangent, and the Hessian is not its derivative along the manifold; it may be the Riemannian "
    "one: pass project= as well"
)


def on_manifold(
    x0: Any, retract: Function | None, project: Function | None, options: MapOptions, **refused: bool
) -> tuple[Retraction, Array, MapOptions]:
    """What describes the manifold, the point on it, and the options with a seed.

    Raises
    ------
    SubjectError, SubjectTypeError
        If one of them is not what it has to be, or an option was given that has no meaning there.
    """
    retraction = retraction_of(retract, project)
    assert retraction is not None
    refuse_with_retraction(journal=options.journal is not None, direction=options.direction is not None, **refused)
    seed = seed_of(options.rng)
    require_budget(budget_of(options.budget), options.method, 5, "on a manifold two points are checked, more than once")
    return retraction, point_of_manifold(x0, retraction, np.random.default_rng(seed)), replace(options, rng=seed)


def check_on_manifold(
    whole: MapSubject,
    retraction: Retraction,
    options: MapOptions,
    *,
    kind: str,
    args: Sequence[Any] = (),
    more: Sequence[Test | None] = (),
) -> Report:
    """Check a map along curves on a manifold.

    Parameters
    ----------
    whole : MapSubject
        The map in the space around it, of one array, with the claim.
    retraction : Retraction
    options : MapOptions
        With an integer as seed.
    kind : str
    args : sequence
    more : sequence of callable or None
        As for `run_map_check`.
    """
    seed, x = seed_of(options.rng), whole.point[0]
    rng = np.random.default_rng(seed)
    options = replace(options, rtol=tolerance_of_map(options.rtol, whole))
    points = [x] if whole.only_here else [x, retraction.away(x, rng)]
    with whole.session():
        subjects = [along_manifold(whole, point, retraction, rng, args) for point in points]
        reports = _each(subjects, options, whole.evaluations.calls, kind=kind, more=more)
        notes = _tangency(whole, retraction, rng, reports[0].rtol)
    report = _whole(reports, whole, notes)
    notify_observers(report)
    return report


def check_hessian_on_manifold(
    whole: MapSubject, retraction: Retraction, options: MapOptions, *, target: str, args: Sequence[Any], more: Test
) -> Report:
    """Check a Hessian along curves on a manifold, as the Riemannian one or as that in the space around.

    A gradient that is tangent has one derivative along the manifold, and the Hessian is compared with it. Of a gradient
    that is not, the Hessian may be the derivative as it is, or the Riemannian one, that of its projection.
    """
    seed, x = seed_of(options.rng), whole.point[0]
    options = replace(options, rtol=tolerance_of_map(options.rtol, whole))
    assert options.rtol is not None

    def checked(*, projecting: bool, spent: int, further: int = 0) -> list[Report]:
        rng = np.random.default_rng(seed)
        points = [x] if whole.only_here else [x, retraction.away(x, rng)]
        found = [gradient_along_manifold(whole, point, retraction, rng, args, project=projecting) for point in points]
        asked: dict[str, Any] = {"kind": "hessian", "symmetric": True, "target": target, "more": (more,)}
        return _each(found, options, spent, further, **asked)

    with whole.session():
        gradient = whole.at_point.reshape(x.shape)
        tangent = retraction.off_tangent(x, gradient) <= options.rtol
        reports = checked(
            projecting=False, spent=whole.evaluations.calls, further=2 if retraction.projects and not tangent else 0
        )
        report = _whole(reports, whole, () if tangent else (AROUND,))
        if tangent or not any(each.verdict is Verdict.FAIL for each in reports):
            return report
        if not retraction.projects:
            return _undecided(report, UNKNOWN)
        others = checked(projecting=True, spent=report.evaluations)
    other = _whole(others, whole, (RIEMANNIAN,))
    if any(each.verdict is Verdict.FAIL for each in others):
        found = replace(report, notes=tuple(note for note in report.notes if note != AROUND))
    else:
        found = other
    return replace(
        found,
        evaluations=report.evaluations + other.evaluations - whole.evaluations.calls,
        seconds=report.seconds + other.seconds,
    )


def _each(
    subjects: Sequence[MapSubject], options: MapOptions, spent: int, further: int = 0, **arguments: Any
) -> list[Report]:
    """Check each subject with what is left of the budget, less what is kept for the others and for further checks."""
    limit, found = budget_of(options.budget), list[Report]()
    for place, subject in enumerate(subjects):
        others = len(subjects) - place - 1 + further
        share = share_of(limit - spent - others, others)  # reading a subject takes one evaluation
        found.append(run_map_check(subject, replace(options, budget=share), notify=False, **arguments))
        spent += found[-1].evaluations
    return found


def _whole(reports: Sequence[Report], whole: MapSubject, notes: Sequence[str]) -> Report:
    found = joined(reports, None, None)
    return replace(
        found,
        notes=tuple(dict.fromkeys((*found.notes, *notes))),
        evaluations=sum(report.evaluations for report in reports) + whole.evaluations.calls,
        gradients=whole.claim.calls,
    )


def _undecided(report: Report, note: str) -> Report:
    """A report whose failing blocks are undecided."""
    blocks = {
        name: replace(block, verdict=Verdict.UNDECIDED, note=note) if block.verdict is Verdict.FAIL else block
        for name, block in report.blocks.items()
    }
    notes = tuple(each for each in report.notes if each != AROUND)
    return replace(report, verdict=Verdict.UNDECIDED, blocks=blocks, findings=(), notes=notes)


def _tangency(whole: MapSubject, retraction: Retraction, rng: np.random.Generator, rtol: float) -> tuple[str, ...]:
    """Whether products with cotangents are tangent; a product with directions is asked for those of tangents alone."""
    if not whole.claim.pulls or isinstance(whole.claim, ProductClaim):
        return ()
    x = whole.point[0]
    (found,) = whole.with_cotangent(rng.normal(size=whole.outputs.size)).gradient((x.copy(),))
    off = retraction.off_tangent(x, np.asarray(found, dtype=np.float64))
    return () if off <= rtol else (PARTLY.format(off=off),)
