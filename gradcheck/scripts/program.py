"""From a file to a report: a program checked as it stands."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck._version import __version__
from gradcheck.checks.options import budget_of, seed_of, tolerance_of
from gradcheck.errors import GradcheckError, SubjectError
from gradcheck.probes.evaluator import Evaluator, Progress
from gradcheck.reports.build import report_of
from gradcheck.reports.data import LineReport
from gradcheck.reports.report import Report
from gradcheck.scripts.blame.analysis import Analysis
from gradcheck.scripts.blame.judgement import Judgement
from gradcheck.scripts.blame.lines import lines_of
from gradcheck.scripts.delta_rule import squared
from gradcheck.scripts.explain.subjects import ProgramSubject
from gradcheck.scripts.findings import findings_in
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.hints import Hints
from gradcheck.scripts.replay.capture import Program
from gradcheck.scripts.replay.step import Step
from gradcheck.scripts.text.identifiers import is_only_shown
from gradcheck.scripts.text.source import Source, read
from gradcheck.verdicts.checker import CheckOptions, check
from gradcheck.verdicts.result import CheckResult
from gradcheck.verdicts.verdict import Verdict

Array = NDArray[Any]

#: Loops that are tried.
TRIED = 3


def check_program(
    path: Path,
    *,
    hints: Hints | None = None,
    sources: Sequence[Source] | None = None,
    rtol: float | None = None,
    rng: Any = None,
    budget: int | None = None,
    progress: Progress | None = None,
    namespace: dict[str, Any] | None = None,
) -> Report:
    """Check the gradient of a program's training step, and each line of its backward pass.

    Parameters
    ----------
    path : Path
        A script or a notebook.
    hints : Hints, optional
    sources : sequence of Source, optional
        Its pieces, if they are not what the file holds.
    rtol, rng, budget, progress
        As for `check_gradients`.
    namespace : dict, optional
        Variables that the program finds when it starts.

    Raises
    ------
    TargetError, SubjectError
        If there is no training step, or it is not understood; the message says what was looked for.
    """
    hints = hints or Hints()
    started = time.perf_counter()
    seed = seed_of(rng)
    asked = _Asked(path, sources if sources is not None else read(path), hints, namespace, rtol, budget, progress)
    report, step = _checked(asked, seed, started)
    if report.verdict is Verdict.FAIL and step.lazy:  # from behind the pass that creates what is remembered
        with contextlib.suppress(Exception):  # a second pass need not be like the first
            report, step = _checked(asked, seed, started, passes=1)
    if report.verdict is Verdict.FAIL and hints.loss is None:
        report = _as_squared(asked, seed, started, report, step.loss)
    return report


def _as_squared(asked: _Asked, seed: int, started: float, report: Report, loss: Node) -> Report:
    """The report on a program that prints an absolute error, as one that descends half its square, if it does."""
    sources = squared(asked.sources, loss.site) if is_only_shown(loss.names) else None
    if sources is None:
        return report
    try:
        other, _ = _checked(replace(asked, sources=sources), seed, started)
    except GradcheckError:
        return report
    better = sum(map(_passes, other.lines)) > sum(map(_passes, report.lines))
    if other.verdict is not Verdict.PASS and not better:
        return report
    note = f"The error of line {loss.site.line} is printed; what the gradient is that of is half of its square"
    return replace(other, sources=report.sources, notes=(note, *other.notes))


def _passes(line: LineReport) -> bool:
    return line.verdict is Verdict.PASS


@dataclass(frozen=True)
class _Asked:
    """What a check was asked for."""

    path: Path
    sources: Sequence[Source]
    hints: Hints
    namespace: dict[str, Any] | None
    rtol: float | None
    budget: int | None
    progress: Progress | None

    def program(self) -> Program:
        """The program, to be run from its start."""
        return Program(self.path, self.sources, given=self.namespace)


@dataclass(frozen=True)
class _Seen:
    """What else was seen: whether a pass creates arrays as an optimiser that remembers does; the loss."""

    lazy: bool
    loss: Node


def _checked(asked: _Asked, seed: int, started: float, passes: int = 0) -> tuple[Report, _Seen]:
    """The report, from behind some passes, and what else was seen."""
    generator = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        analysis = _analysed(asked, generator, passes)
    step = analysis.step
    shapes = {p.leaf.value.shape for p in analysis.parameters}
    lazy = any(value.shape in shapes for value in step.lazy)
    try:
        subject = ProgramSubject(
            analysis.base, analysis.loss, analysis.parameters, str(asked.path), updating=bool(analysis.stale)
        )
        tolerance = tolerance_of(asked.rtol, subject)
        evaluator = Evaluator(subject, budget_of(asked.budget), asked.progress)
        with np.errstate(all="ignore"):
            found = check(evaluator, CheckOptions(tolerance), generator)
            judgement = analysis.judgement()
            known = asked.hints.loss is not None or bool(analysis.stale)
            strange = found.verdict is Verdict.FAIL and not known and not judgement.related()
            if strange:
                found = _open(found, analysis)
            findings = findings_in(analysis, judgement, evaluator, found, tolerance, generator)
    finally:
        step.release()
    report = report_of(
        found,
        findings,
        version=__version__,
        target=str(asked.path),
        seed=seed,
        rtol=tolerance,
        seconds=time.perf_counter() - started,
        evaluations=step.runs,
        gradients=evaluator.gradients,
    )
    report = replace(
        report,
        lines=tuple(lines_of(judgement, analysis.stale)),
        sources={name: source.text for name, source in step.program.sources.items()},
        notes=(*_notes(analysis, judgement), *report.notes),
    )
    return report, _Seen(lazy, analysis.loss)


def _analysed(asked: _Asked, rng: np.random.Generator, passes: int) -> Analysis:
    """What the values of a training step are to each other, of the likeliest loop that can be understood."""
    step, others = asked.program().captured(asked.hints.arguments, asked.hints.function)
    trouble: Exception | None = None
    for _ in range(TRIED):
        try:
            return _behind(step, asked.hints, rng, passes)
        except SubjectError as error:
            step.release()
            trouble = trouble or error
            if not others:
                break
            step, others = asked.program().captured_at(others[0], asked.hints.arguments), others[1:]
    assert trouble is not None
    raise trouble


def _behind(step: Step, hints: Hints, rng: np.random.Generator, passes: int) -> Analysis:
    """The analysis of a step after some passes."""
    for _ in range(passes):
        step.prepared()
        step.advance()
    return Analysis(step, hints, rng)


def _open(found: CheckResult, analysis: Analysis) -> CheckResult:
    """The check, undecided where it failed: nothing connects the gradient with the loss."""
    note = (
        f"{analysis.loss.label} (line {analysis.loss.site.line}) is computed from other values than the gradient is, "
        "from other data perhaps: say with --loss EXPR what the gradient is that of"
    )
    return replace(
        found,
        blocks=tuple(
            replace(b, verdict=Verdict.UNDECIDED, note=note, location=None) if b.verdict is Verdict.FAIL else b
            for b in found.blocks
        ),
    )


def _notes(analysis: Analysis, judgement: Judgement) -> tuple[str, ...]:
    names = ", ".join(f"{p.name} (line {(p.updates or (p.claim,))[-1].site.line})" for p in analysis.parameters)
    loop = analysis.step.loop
    what = (
        f"One call of {loop.node.name}" if hasattr(loop.node, "name") else f"One pass of the loop in line {loop.line}"
    )
    notes = [
        f"{what} was replayed; the loss is {analysis.loss.label}, line {analysis.loss.site.line}; parameters: {names}"
    ]
    others = analysis.step.program.elsewhere(loop)
    if others:
        lines = ", ".join(map(str, others))
        notes.append(f"Not looked at: the loop in line {lines}, which updates something too; name it with --function")
    if len(analysis.bases) < 2:
        notes.append("The step takes another branch at other parameters: only the program's own point was looked at")
    notes += [f"The gradient by {name} is {how}" for name, how in analysis.treated.items()]
    carried = [
        f"{line.target} (line {line.line}) is {line.factor:.6g} times the derivative by {line.of}"
        for line in lines_of(judgement)
        if line.verdict is Verdict.PASS and line.factor is not None and abs(line.factor - 1) > 1e-6
    ]
    if carried:
        notes.append(f"By convention, made up for later: {'; '.join(carried[:6])}")
    return tuple(notes)
