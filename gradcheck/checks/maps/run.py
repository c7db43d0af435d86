"""One check of a map: options in, report out."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.checks.maps.report import map_report, pair_names
from gradcheck.checks.maps.reproducible import settled_for_steadiness
from gradcheck.checks.methods import budget_beside, require_method
from gradcheck.checks.observers import notify_observers
from gradcheck.checks.options import (
    DEFAULT_OPTIONS,
    Workers,
    accuracy_of,
    budget_of,
    journal_of,
    mapping_of,
    seed_of,
)
from gradcheck.checks.progress import progress_callback
from gradcheck.diagnosis.finding import Finding
from gradcheck.errors import SubjectError
from gradcheck.probes.evaluator import Progress
from gradcheck.reports.report import Report
from gradcheck.settings import checked_rtol, current
from gradcheck.subjects.maps.claim import real_gradient
from gradcheck.subjects.maps.map_subject import BudgetSpentError, MapSubject
from gradcheck.subjects.maps.sketch import Piece
from gradcheck.subjects.subject import Point
from gradcheck.verdicts.checker import CheckOptions
from gradcheck.verdicts.maps.check_map import check_map
from gradcheck.verdicts.maps.products import check_products
from gradcheck.verdicts.maps.result import MapResult
from gradcheck.verdicts.shrinking import shrinking
from gradcheck.verdicts.verdict import Verdict

#: A further test of a claim: from a result, a generator and a tolerance to findings and notes.
Test = Callable[[MapResult, np.random.Generator, float], tuple[tuple[Finding, ...], tuple[str, ...]]]

#: Calls that are held back, to see whether a map that fails is the same at each call.
STEADINESS = 2

Rng = int | np.random.Generator | np.random.SeedSequence | None


@dataclass(frozen=True, slots=True)
class MapOptions:
    """Options of a check of a map, as the public functions take them."""

    rtol: float | None = None
    rng: Rng = None
    budget: int | None = None
    entries: bool = False
    progress: bool | Progress = False
    loss_accuracy: float | None = None
    diagnose: bool = True
    direction: Any = None
    workers: Workers = None
    journal: Any = None
    method: str = "gradcheck"


def tolerance_of_map(rtol: float | None, subject: MapSubject) -> float:
    """The relative tolerance: `rtol`, or the default for the narrowest type of inputs and outputs."""
    if rtol is None:
        rtol = current().rtol
    if rtol is not None:
        return checked_rtol(rtol)
    bits = min((*(np.finfo(dtype).nmant for dtype in subject.types), *subject.coarse.values()), default=52)
    return next(tolerance for least, tolerance in DEFAULT_OPTIONS.rtol_by_bits if bits >= least)


def run_map_check(
    subject: MapSubject,
    options: MapOptions,
    *,
    kind: str,
    symmetric: bool = False,
    target: str | None = None,
    more: Sequence[Test | None] = (),
    notes: Sequence[str] = (),
    notify: bool = True,
) -> Report:
    """Check a map and report.

    Parameters
    ----------
    subject : MapSubject
    options : MapOptions
    kind : str
        What the report calls it.
    symmetric : bool
        Whether the right derivative is a Hessian.
    target : str, optional
        Name in the report.
    more : sequence of callable or None
        Further tests of the claim, from the result, a generator and the tolerance: findings and notes.
    notes : sequence of str
    notify : bool
        Whether observers get the report.
    """
    require_method(options.method)
    seed, limit, original = seed_of(options.rng), budget_beside(options.method, options.budget), subject
    rtol = tolerance_of_map(options.rtol, subject)
    verdict_only = shrinking() or not options.diagnose
    check_options = CheckOptions(rtol, options.entries, verdict_only, accuracy_of(options.loss_accuracy))
    started = time.perf_counter()
    findings: tuple[Finding, ...] = ()
    if options.direction is not None:
        notes = (*notes, "only the product with the direction that was given was checked, not the whole derivative")
    with (
        mapping_of(options.workers, subject) as mapper,
        journal_of(options.journal, subject, seed) as kept,
        progress_callback(options.progress, subject.name, limit) as callback,
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        seed = seed if kept is None or options.rng is not None else kept.seed
        subject, rng = original.evaluating(mapper, kept), np.random.default_rng(seed)
        warnings.simplefilter("ignore", RuntimeWarning)
        subject.evaluations.limit = limit = limit - STEADINESS
        result = _checked(subject, check_options, rng, limit, callback, options.direction)
        if subject.disturbed:
            rng = np.random.default_rng(seed)
            result = _checked(subject, check_options, rng, limit, callback, options.direction)
        if (result.verdict is Verdict.FAIL or result.observations) and not verdict_only:
            from gradcheck.diagnosis.maps.findings import map_findings

            result, findings = map_findings(result, pair_names(subject), symmetric=symmetric)
        extra: tuple[str, ...] = ()
        for test in more:
            if test is not None and not verdict_only:
                with subject.session():
                    added, noted = _tested(test, replace(result, subject=subject), rng, rtol)
                findings, extra = _joined(findings, added), (*extra, *noted)
        subject.evaluations.limit = budget_of(options.budget)
        if options.method != "gradcheck" and not shrinking():
            from gradcheck.checks.maps.witnesses import witness_of_map

            along = (
                None if options.direction is None else _as_point(subject, given_direction(subject, options.direction))
            )
            extra = (*extra, witness_of_map(replace(result, subject=subject), options.method, rng, rtol, along))
    steady: tuple[Finding, ...] = ()
    refuting = [REFUTING[finding.slug] for finding in findings if finding.slug in REFUTING]
    if result.verdict is not Verdict.FAIL and refuting:
        result = _refuted(result, refuting[0])
    if result.verdict is Verdict.FAIL:
        with subject.session(), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", RuntimeWarning)
            result, steady = settled_for_steadiness(result, subject)
        findings = steady or findings
    report = map_report(
        result,
        findings,
        kind=kind,
        target=target or subject.name,
        seed=seed,
        rtol=rtol,
        seconds=time.perf_counter() - started,
        notes=(*extra, *notes),
    )
    if notify:
        notify_observers(report)
    return report


def _tested(
    test: Test, result: MapResult, rng: np.random.Generator, rtol: float
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """What a further test finds, if the budget suffices for it."""
    try:
        return test(result, rng, rtol)
    except BudgetSpentError:
        return (), (UNTESTED,)


#: Said where further tests of the claim, such as that of linearity, would have taken more evaluations than were left.
UNTESTED = "the budget ended before all further tests of the claim: allow a larger one"

#: Findings that say where a claim is wrong, and not what the mistake is.
PLACES = frozenset({"isolated-entries", "unexplained", "solver-tolerance"})


def _joined(findings: tuple[Finding, ...], added: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Findings from differences and about the claim itself: names first, then contradictions, then places."""
    known = {finding.slug for finding in findings}
    names = [one for one in findings if one.slug not in PLACES]
    places = [one for one in findings if one.slug in PLACES and not (added and one.slug == "unexplained")]
    return (*names, *(one for one in added if one.slug not in known), *places)


#: Said of a claim that contradicts itself.
CONTRADICTS = "the claim contradicts itself, whatever differences show: see the finding"

#: Findings that refute a claim of which differences alone say too little, and what is then said.
REFUTING = {
    "not-adjoint": CONTRADICTS,
    "asymmetric-hessian": CONTRADICTS,
    "gauss-newton": "the claim is another matrix, to within rounding: see the finding",
}


def _refuted(result: MapResult, note: str) -> MapResult:
    """The result of a claim that is refuted by a further test."""
    pairs = [
        pair if pair.verdict is Verdict.FAIL else replace(pair, verdict=Verdict.FAIL, note=note)
        for pair in result.pairs
    ]
    return replace(result, pairs=tuple(pairs))


def _checked(
    subject: MapSubject,
    options: CheckOptions,
    rng: np.random.Generator,
    limit: int,
    progress: Progress | None,
    direction: Any,
) -> MapResult:
    if direction is not None:
        return check_products(subject, options, rng, limit, progress, directions=given_direction(subject, direction))
    if not subject.claim.pulls:
        return check_products(subject, options, rng, limit, progress)
    return check_map(subject, options, rng, limit, progress)


def _as_point(subject: MapSubject, pieces: Sequence[Piece]) -> Point:
    """A direction in the shapes of the inputs."""
    found = tuple(np.zeros(x.shape) for x in subject.point)
    for piece in pieces:
        found[piece.block].ravel()[piece.low : piece.high] = piece.vector
    return found


def given_direction(subject: MapSubject, direction: Any) -> list[Piece]:
    """A direction that was given, with the nesting of `x0`, as pieces of the inputs.

    Raises
    ------
    SubjectError
        If its shape is another one, or it is zero.
    """
    vectors = real_gradient(direction, subject._parameters, subject.claim.complex_names, "direction holds", {})
    found = [
        Piece(b, 0, vector.size, np.asarray(vector, dtype=np.float64).ravel())
        for b, vector in enumerate(vectors)
        if vector.any()
    ]
    if not found:
        raise SubjectError("direction is zero: pass a direction along which the outputs change")
    return found
