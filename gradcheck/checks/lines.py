"""The lines of the user's own backward pass that a failing check singles out, with their findings.

Only a check that fails pays for it: one recorded call of the loss and one of the gradient, at a random point near the
user's, and a few more where a repair is tried.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck.checks.nearby import is_whole, point_near
from gradcheck.diagnosis.finding import Finding
from gradcheck.diagnosis.findings import guard_finding
from gradcheck.probes.evaluator import Evaluator
from gradcheck.recording.alternatives import alternatives
from gradcheck.recording.blame import Blame
from gradcheck.recording.budget import Budget, Costs
from gradcheck.recording.calls import Calls
from gradcheck.recording.editor import Watched
from gradcheck.recording.exactness import is_exact
from gradcheck.recording.explain import UNEXPLAINED, WITHOUT_NAME, Explanation, explained, lines_of
from gradcheck.recording.guards import ignored_guard
from gradcheck.recording.program import reachable, source_of
from gradcheck.recording.record import Recording, equal, record
from gradcheck.recording.remedies import Faulty
from gradcheck.recording.repair import Repair, repaired, searched
from gradcheck.recording.requirement import Requirement, requirement_of, right_claims
from gradcheck.recording.rules import NoRule
from gradcheck.recording.selection import (
    Constants,
    Edits,
    agrees,
    confirmed,
    found_by_repair,
    singled_out,
    tried_repairs,
)
from gradcheck.recording.settings import RECORDING
from gradcheck.recording.sites import Span
from gradcheck.recording.trial import Trial
from gradcheck.reports.data import LineReport
from gradcheck.subjects.subject import Point, Subject
from gradcheck.tracebacks import pass_on_signal
from gradcheck.verdicts.result import CheckResult
from gradcheck.verdicts.verdict import Verdict


@dataclass(frozen=True)
class LocatedFindings:
    """Findings, strongest first, the lines that they are about, and the source of their files."""

    findings: tuple[Finding, ...]
    lines: tuple[LineReport, ...] = ()
    sources: dict[str, str] | None = None


def with_lines(
    evaluator: Evaluator, found: CheckResult, findings: tuple[Finding, ...], rtol: float, rng: np.random.Generator
) -> LocatedFindings:
    """Find the lines of the blocks that failed; the findings are as before where none is singled out.

    Parameters
    ----------
    evaluator : Evaluator
    found : CheckResult
    findings : tuple of Finding
        What the diagnosis of the blocks has found.
    rtol : float
    rng : numpy.random.Generator
    """
    nothing = LocatedFindings(findings)
    subject = evaluator.subject.original
    wrong = [i for i, block in enumerate(found.blocks) if block.verdict is Verdict.FAIL and block.screening]
    if (
        evaluator.left < RECORDING.least_budget
        or not wrong
        or subject.only_here
        or not subject.functions()
        or found.observed("nondeterministic")
    ):
        return nothing
    evaluator.enter("which line is wrong")
    search = _Search(evaluator, subject, found, rtol, rng)
    try:
        with subject.session():
            return search.run(findings, wrong) or nothing
    except Exception as error:  # what the user's code raises at another point, or an operation without a rule
        pass_on_signal(error)
        return nothing


def loss_is_exact(evaluator: Evaluator, found: CheckResult, rtol: float, rng: np.random.Generator) -> bool:
    """Whether a recording of the loss shows that no solver's tolerance can have made a gap."""
    subject = evaluator.subject.original
    if not subject.functions() or evaluator.left < RECORDING.least_budget:
        return False
    try:
        with subject.session():
            return _Search(evaluator, subject, found, rtol, rng).is_exact()
    except Exception as error:  # what the user's code raises at another point, or an operation without a rule
        pass_on_signal(error)
        return False


@dataclass(frozen=True)
class _Truths:
    """The exact gradients at a point, None for blocks that the loss was not seen to read."""

    point: Point
    loss: float
    truths: tuple[Any, ...]
    tolerance: float


class _Search:
    """One search for lines."""

    def __init__(
        self, evaluator: Evaluator, subject: Subject, found: CheckResult, rtol: float, rng: np.random.Generator
    ) -> None:
        self._own = evaluator.in_other_blocks(subject)
        self._subject, self._found, self._rtol, self._rng = subject, found, rtol, rng
        self._functions = reachable()
        self._before = evaluator.losses, evaluator.gradients

    def is_exact(self) -> bool:
        """Whether the loss was recorded, and has an error of rounding alone."""
        recorded = self._recorded()
        if recorded is None or not is_exact(recorded[1]):
            return False
        point, recording = recorded
        return is_whole(self._own, point, recording.truths, self._rng)

    def run(self, findings: tuple[Finding, ...], wrong: Sequence[int]) -> LocatedFindings | None:
        """Record, search, try repairs, and write the findings."""
        recorded = self._recorded()
        if recorded is None:
            return None
        recording = recorded[1]
        unnamed = all(finding.code in WITHOUT_NAME for finding in findings)
        guard = ignored_guard(recording, wrong) if unnamed else None
        if guard is not None and guard.site is not None:
            site = recording.sites[guard.site]
            unit = recording.units[site.unit]
            names = [self._names[i] for i in wrong]
            return LocatedFindings((guard_finding(site.text, _shown(unit.file), unit.line, names),))
        blame = Blame(recording, wrong)
        faulty = blame.lines()
        another = self._another()
        faulty = confirmed(blame, faulty, another[1] if another else None, wrong)
        calls = Calls()
        for _, each in filter(None, (recorded, another)):
            calls.update(each.calls)
        self._watched = Watched(self._functions, Trial(calls))
        known = [_Truths(p, r.loss, r.truths, r.tolerance) for p, r in (recorded, another)] if another else []
        self._costs = Costs.of(recording.graph)
        budget = self._budget = self._costs.budget(*self._before)
        edits = Edits(partial(self._try_edits, known, blame), budget)
        with budget.reserving(RECORDING.share_of_terms * budget.left):
            repairs = tried_repairs(blame, faulty, edits) if known and faulty else []
        accused = singled_out(blame, faulty, repairs) if faulty else []
        if not accused and known and any(finding.code in WITHOUT_NAME for finding in findings):
            others = alternatives(
                blame, edits, lambda unit: self._search(known, blame, partial(right_claims, blame, unit, budget), unit)
            )
            only = others.only(blame)
            accused = [] if only is None else [(found_by_repair(blame, only[0]), only[1])]
            repairs = repairs or others.shown(blame)
        if not accused:
            return self._with_changes(findings, blame, repairs)
        accused = [(each, repair or self._larger_edit(known, blame, each)) for each, repair in accused]
        counts = self._subject.counts()
        explanations = [explained(blame, each, self._names, counts, repair) for each, repair in accused]
        named = {block for finding in findings if finding.code not in WITHOUT_NAME for block in finding.blocks}
        if any(each.is_bare and not named & self._blocks(each) for each in explanations):
            return None
        lines = [_line_report(fact) for fact in lines_of(blame, explanations, self._names)]
        sources = {_shown(unit.file): source_of(unit.file) for unit in {each.unit for each in explanations}}
        return LocatedFindings(self._merged(findings, explanations), tuple(lines), sources)

    def _blocks(self, explanation: Explanation) -> set[str]:
        return {self._names[i] for i in explanation.blocks}

    @property
    def _names(self) -> list[str]:
        return [block.name for block in self._subject.blocks]

    def _recorded(self) -> tuple[Point, Recording] | None:
        """A recording at a random point near the user's, or at the user's own where that one cannot be used."""
        for point in (point_near(self._subject, self._rng), tuple(x.copy() for x in self._subject.point)):
            try:
                recording = self._at(point)
            except NoRule:
                return None
            except Exception as error:  # outside of the domain
                pass_on_signal(error)
                continue
            if recording is not None:
                return (point, recording) if self._is_trusted(recording) else None
        return None

    def _another(self) -> tuple[Point, Recording] | None:
        """A recording at another point; None where there is no other."""
        try:
            point = point_near(self._subject, self._rng)
            recording = self._at(point)
        except Exception as error:  # outside of the domain
            pass_on_signal(error)
            return None
        return None if recording is None else (point, recording)

    def _at(self, point: Point) -> Recording | None:
        copied = tuple(x.copy() for x in point)
        return record(
            self._subject.functions(),
            lambda: self._own.loss(tuple(x.copy() for x in copied)),
            lambda: self._own.gradient(tuple(x.copy() for x in copied)),
            copied,
            getattr(self._subject, "upstream", None),
            self._functions,
        )

    def _is_trusted(self, recording: Recording) -> bool:
        passing = [block.verdict is Verdict.PASS and block.measured for block in self._found.blocks]
        return agrees(recording, passing, self._rtol)

    def _try_edits(
        self, known: Sequence[_Truths], blame: Blame, unit: int, wider: bool, constants: Constants, budget: Budget
    ) -> Repair | None:
        own = partial(self._is_right, known)
        line = blame.recording.units[unit]
        return repaired(line, own, budget, self._watched, wider=wider, constants=constants)

    def _larger_edit(self, known: Sequence[_Truths], blame: Blame, faulty: Faulty) -> Repair | None:
        """A larger edit of a wrong line than those that were tried, which makes the gradients right."""
        if not known or blame.dataflow.most_entries(faulty.unit) > RECORDING.most_entries:
            return None
        return self._search(known, blame, partial(requirement_of, blame, faulty), faulty.unit)[0]

    def _search(
        self, known: Sequence[_Truths], blame: Blame, required: Callable[[Span], Requirement | None], number: int
    ) -> tuple[Repair | None, bool]:
        """An edit of a line, found by value, with which all gradients are right; whether all edits were compared."""
        self._budget.spend(self._costs.gradient)
        call = partial(self._own.gradient, tuple(x.copy() for x in known[0].point))
        unit = blame.recording.units[number]
        return searched(unit, required, call, partial(self._is_right, known), self._budget, self._watched)

    def _is_right(self, known: Sequence[_Truths]) -> bool:
        """Whether the claims are the exact gradients now, at each point where these are known, of the same loss."""
        return all(self._is_right_at(each) for each in known) and all(self._has_its_loss_at(each) for each in known)

    def _has_its_loss_at(self, known: _Truths) -> bool:
        self._budget.spend(self._costs.loss)
        return equal(known.loss, self._own.loss(tuple(x.copy() for x in known.point)), known.tolerance)

    def _is_right_at(self, known: _Truths) -> bool:
        self._budget.spend(self._costs.gradient)
        claimed = self._own.gradient(tuple(x.copy() for x in known.point))
        blocks = zip(self._found.blocks, known.truths, claimed, strict=True)
        tolerances = {Verdict.FAIL: known.tolerance, Verdict.PASS: self._rtol}
        return all(
            truth is None or equal(truth, value, tolerances[block.verdict])
            for block, truth, value in blocks
            if block.verdict in tolerances
        )

    # -- findings ------------------------------------------------------------------------------------------------------

    def _with_changes(
        self, findings: tuple[Finding, ...], blame: Blame, repairs: Sequence[tuple[int, Repair]]
    ) -> LocatedFindings | None:
        """The findings without a name, with changes that make the gradients right, but do not single out a line."""
        units = blame.recording.units
        changes = [f"    {_shown(units[unit].file)}:{units[unit].line}  {repair.text}" for unit, repair in repairs]
        if not 1 <= len(changes) <= RECORDING.most_alternatives:
            return None
        head = (
            "This change makes the gradients right, but the mistake may be in another line:"
            if len(changes) == 1
            else "Each of these changes alone makes the gradients right:"
        )
        fix = "\n".join([head, *changes])
        return LocatedFindings(tuple(replace(f, fix=fix) if f.code in WITHOUT_NAME else f for f in findings))

    def _merged(self, findings: tuple[Finding, ...], explanations: Sequence[Explanation]) -> tuple[Finding, ...]:
        """The findings with their lines; those without a name give way to what the line shows."""
        names = self._names
        merged: list[Finding] = []
        used: set[int] = set()
        for finding in findings:
            fitting = [
                k for k, each in enumerate(explanations) if {names[i] for i in each.blocks} & set(finding.blocks)
            ]
            if not fitting:
                merged.append(finding)
                continue
            for k in fitting:
                own = _of_line(explanations[k], finding, names)
                if k not in used and (finding.code == UNEXPLAINED or len(fitting) > 1):
                    merged.append(own)
                elif k not in used or finding.code != UNEXPLAINED:
                    merged.append(_at_line(finding, explanations[k]))
                used.add(k)
        merged += [_of_line(each, None, names) for k, each in enumerate(explanations) if k not in used]
        return tuple(merged)


def _at_line(finding: Finding, explanation: Explanation) -> Finding:
    """A finding that has a name, with its line."""
    unit = explanation.unit
    place = f"line {unit.line} of {_shown(unit.file)}: {unit.text}"
    fix = f"{explanation.fix}" if explanation.fix else finding.fix
    return replace(finding, file=_shown(unit.file), line=unit.line, evidence=f"{finding.evidence}\n{place}", fix=fix)


def _of_line(explanation: Explanation, finding: Finding | None, names: Sequence[str]) -> Finding:
    """The finding on a line."""
    unit = explanation.unit
    blocks = [names[i] for i in explanation.blocks]
    evidence = explanation.evidence
    if finding is not None:
        evidence = f"{finding.message}\n{finding.evidence}\n{evidence}"
    return Finding(
        explanation.code,
        explanation.slug,
        explanation.target,
        f"line {unit.line}: {explanation.message}",
        f"{evidence}; gradients that are wrong because of it: {', '.join(blocks)}",
        explanation.fix or f"Derive {explanation.target} again from what the forward pass computes.",
        _shown(unit.file),
        unit.line,
        blocks=tuple(blocks),
    )


def _line_report(fact: Any) -> LineReport:
    verdict = Verdict.FAIL if fact.wrong else Verdict.PASS
    unit = fact.unit
    return LineReport(_shown(unit.file), unit.line, fact.target, fact.of, verdict, fact.factor, unit.text)


def _shown(file: str) -> str:
    """A file as a report names it: from the working directory if it is inside."""
    path = Path(file)
    try:
        return str(path.relative_to(Path(os.getcwd())))
    except (ValueError, OSError):
        return file
