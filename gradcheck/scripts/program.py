"""`check_program`: from a script or a notebook to a report."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck._version import __version__
from gradcheck.checks.options import budget_of, seed_of, tolerance_of
from gradcheck.errors import GradcheckError, SubjectError
from gradcheck.probes.evaluator import Evaluator, Progress
from gradcheck.reports.build import report_of
from gradcheck.reports.data import LineReport
from gradcheck.reports.report import Report
from gradcheck.scripts.blame.analysis import Analysis, analyse
from gradcheck.scripts.delta_rule import with_squared_error
from gradcheck.scripts.explain.subjects import ProgramSubject
from gradcheck.scripts.findings import common_factor, findings_in
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.hints import Hints
from gradcheck.scripts.instrument.program import InstrumentedProgram
from gradcheck.scripts.record.lines import recorded_lines
from gradcheck.scripts.replay.capture import capture, capture_loop
from gradcheck.scripts.replay.step import Step
from gradcheck.scripts.text.source import Source, read
from gradcheck.scripts.text.training_loop import other_training_loops
from gradcheck.verdicts.checker import CheckOptions, check
from gradcheck.verdicts.result import CheckResult
from gradcheck.verdicts.verdict import Verdict

#: Loops that are tried if the likeliest one is not a training step: each runs the program again.
_MOST_LOOPS = 3

#: Deferred constants in a note, and numbers that are not the loss.
_SHOWN_CONSTANTS, _SHOWN_NUMBERS = 6, 4

#: A constant that differs from 1 by less than this is rounding.
_NOT_ONE = 1e-6


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
        Its pieces, if they are not what the file contains.
    rtol, rng, budget, progress
        As for `check_gradients`.
    namespace : dict, optional
        Variables that exist when the program starts.

    Raises
    ------
    TargetError, SubjectError
        If there is no training step, or its parts cannot be identified; the message says which part is missing.
    """
    hints = hints or Hints()
    started = time.perf_counter()
    seed = seed_of(rng)
    pieces = sources if sources is not None else read(path)
    request = _Request(path, pieces, hints, namespace, rtol, budget, progress)
    outcome = _checked(request, seed, started)
    if outcome.report.verdict is Verdict.FAIL and outcome.is_lazy:
        with contextlib.suppress(Exception):  # a second iteration need not work as the first one does
            outcome = _checked(request, seed, started, iterations=1)
    if outcome.report.verdict is Verdict.FAIL and hints.loss is None:
        return _with_squared_error(request, seed, started, outcome)
    return outcome.report


def _with_squared_error(request: _Request, seed: int, started: float, outcome: _Outcome) -> Report:
    """The report on a program that prints an absolute error, checked against half its square if that fits better."""
    loss, report = outcome.loss, outcome.report
    sources = with_squared_error(request.sources, loss.location)
    if sources is None:
        return report
    try:
        other = _checked(replace(request, sources=sources), seed, started).report
    except GradcheckError:
        return report
    better = sum(map(_passes, other.lines)) > sum(map(_passes, report.lines))
    if loss.is_named:  # it may be meant as the loss: what it is called does not tell
        return _between_errors(report, loss) if other.verdict is Verdict.PASS else report
    if other.verdict is not Verdict.PASS and not better:
        return report
    note = (
        f"The program prints the absolute error on line {loss.location.line}; its gradient is that of half the squared "
        "error, which was checked instead"
    )
    return replace(other, sources=report.sources, notes=(note, *other.notes))


def _between_errors(report: Report, loss: Node) -> Report:
    """The report, undecided: the number is the absolute error, and the gradient that of half the squared error."""
    note = (
        f"{loss.label} (line {loss.location.line}) is the absolute error, but the gradient is exactly that of half the "
        "squared error: give the number that the program minimises with --loss EXPR"
    )
    blocks = {
        name: replace(block, verdict=Verdict.UNDECIDED, note=note) if block.verdict is Verdict.FAIL else block
        for name, block in report.blocks.items()
    }
    lines = tuple(
        replace(line, verdict=Verdict.UNDECIDED) if line.verdict is Verdict.FAIL else line for line in report.lines
    )
    return replace(report, verdict=Verdict.UNDECIDED, blocks=blocks, findings=(), lines=lines)


def _passes(line: LineReport) -> bool:
    return line.verdict is Verdict.PASS


@dataclass(frozen=True)
class _Request:
    """The arguments of `check_program`."""

    path: Path
    sources: Sequence[Source]
    hints: Hints
    namespace: dict[str, Any] | None
    rtol: float | None
    budget: int | None
    progress: Progress | None

    def program(self) -> InstrumentedProgram:
        """The program, before it runs."""
        return InstrumentedProgram(self.path, self.sources, self.namespace)


@dataclass(frozen=True)
class _Outcome:
    """The report of one check, and what decides whether another one follows.

    Attributes
    ----------
    report : Report
    is_lazy : bool
        Whether the first iteration creates arrays of the parameters' shapes, as an optimiser does with its averages.
    loss : Node
    """

    report: Report
    is_lazy: bool
    loss: Node


def _checked(request: _Request, seed: int, started: float, iterations: int = 0) -> _Outcome:
    """Check the step, after some iterations of the loop."""
    generator = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        analysis = _analysed(request, generator, iterations)
    step = analysis.step
    try:
        subject = ProgramSubject(
            analysis.base, analysis.loss, analysis.parameters, str(request.path), updating=bool(analysis.stale)
        )
        tolerance = tolerance_of(request.rtol, subject)
        evaluator = Evaluator(subject, budget_of(request.budget), request.progress)
        with np.errstate(all="ignore"):
            found = check(evaluator, CheckOptions(tolerance, loss_accuracy=0.0), generator)
            connected = request.hints.loss is not None or bool(analysis.stale) or step.carries_over
            located = recorded_lines(analysis, found, tolerance) or analysis.localise()
            if found.verdict is not Verdict.PASS and analysis.rated.flat:
                found = _undecided(found, _piecewise_constant(analysis))
            elif found.verdict is Verdict.FAIL and not connected and analysis.beside and not located.right:
                found = _undecided(found, _not_minimised(analysis))
            elif found.verdict is Verdict.FAIL and not connected and not located.is_related():
                found = _undecided(found, _unrelated(analysis))
            findings, lines = findings_in(analysis, located, evaluator, found, tolerance, generator)
    finally:
        step.release()
    report = report_of(
        found,
        findings,
        version=__version__,
        target=str(request.path),
        seed=seed,
        rtol=tolerance,
        seconds=time.perf_counter() - started,
        evaluations=step.runs,
        gradients=evaluator.gradients,
    )
    report = replace(
        report,
        lines=lines,
        sources={name: source.text for name, source in step.program.sources.items()},
        notes=(*_notes(analysis, lines), *report.notes),
    )
    shapes = {p.variable.value.shape for p in analysis.parameters}
    is_lazy = any(value.shape in shapes for value in step.created)
    return _Outcome(report, is_lazy, analysis.loss)


def _analysed(request: _Request, rng: np.random.Generator, iterations: int) -> Analysis:
    """The analysis of the likeliest loop that is a training step."""
    hints = request.hints
    step, others = capture(request.program(), hints.arguments, hints.function)
    trouble: SubjectError | None = None
    for _ in range(_MOST_LOOPS):
        try:
            return _after_iterations(step, hints, rng, iterations)
        except Exception as error:
            step.release()
            if not isinstance(error, SubjectError):
                raise
            trouble = trouble or error
            if not others:
                break
            step, others = capture_loop(request.program(), others[0], hints.arguments), others[1:]
    assert trouble is not None
    raise trouble


def _after_iterations(step: Step, hints: Hints, rng: np.random.Generator, iterations: int) -> Analysis:
    for _ in range(iterations):
        step.prepare()
        step.advance()
    return analyse(step, hints, rng)


def _unrelated(analysis: Analysis) -> str:
    """The reason if nothing connects the gradient with the loss."""
    return (
        f"{analysis.loss.label} (line {analysis.loss.location.line}) is computed from other values than the gradient, "
        "perhaps from other data: give the loss of this gradient with --loss EXPR"
    )


def _not_minimised(analysis: Analysis) -> str:
    """The reason if the updates follow no gradient of the loss, and change variables that it does not depend on."""
    names = ", ".join(analysis.beside[:_SHOWN_NUMBERS])
    return (
        f"{analysis.loss.label} (line {analysis.loss.location.line}) does not depend on {names}, which the step "
        "updates as well, and no update follows its gradient: it may only be looked at, as in contrastive divergence. "
        "Give the number that the program minimises with --loss EXPR"
    )


def _piecewise_constant(analysis: Analysis) -> str:
    """The reason if the loss changes in jumps only."""
    return (
        f"{analysis.loss.label} (line {analysis.loss.location.line}) changes in jumps only, as a count of errors does: "
        "the updates, perhaps those of a perceptron or of sampled states, follow no gradient of it. Give the number "
        "that the program minimises with --loss EXPR"
    )


def _undecided(found: CheckResult, note: str) -> CheckResult:
    """The check with undecided blocks in place of those that do not pass, for a reason."""
    return replace(
        found,
        blocks=tuple(
            replace(b, verdict=Verdict.UNDECIDED, note=note, location=None) if b.verdict is not Verdict.PASS else b
            for b in found.blocks
        ),
    )


def _notes(analysis: Analysis, lines: Sequence[LineReport]) -> tuple[str, ...]:
    """What was checked, and how."""
    step, loss = analysis.step, analysis.loss
    loop, program = step.loop, step.program
    first = [_sentence(common_factor(analysis, analysis.rated.common))] if analysis.rated.common is not None else []
    what = f"one iteration of the loop on line {loop.line}" if loop.is_loop else f"one call of {loop.node.name}"
    names = ", ".join(f"{p.name} (line {(p.updates or (p.claim,))[-1].location.line})" for p in analysis.parameters)
    notes = [*first, f"Replayed {what}; loss = {loss.label} (line {loss.location.line}); parameters: {names}"]
    notes += _roles(analysis)
    others = other_training_loops(loop, program.loops, program.trees)
    if others:
        loops = " and ".join(f"the loop on line {other.line}" for other in others)
        notes.append(f"Not checked: {loops}, which also updates variables; select it with --function NAME")
    if len(analysis.bases) < 2:
        notes.append(
            "The step takes another branch at random parameters, so only the program's own parameters were checked"
        )
    notes += [
        f"The gradient with respect to {t.name} is {t.treatment.value} before the update; line {t.line} was checked"
        for t in analysis.treated
    ]
    carried = [
        f"{line.target} (line {line.line}) is {line.factor:.6g} times the derivative with respect to {line.of}"
        for line in lines
        if line.verdict is Verdict.PASS and line.factor is not None and abs(line.factor - 1) > _NOT_ONE
    ]
    if carried:
        notes.append(f"Scaling that a later line makes up for (not an error): {'; '.join(carried[:_SHOWN_CONSTANTS])}")
    return tuple(notes)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _roles(analysis: Analysis) -> list[str]:
    """What was inferred about the loss and the rates, where it could be otherwise."""
    loss, rated, choice = analysis.loss, analysis.rated, analysis.choice
    notes = []
    others = [n for n in (choice.node, *choice.equivalent, *choice.others) if n is not loss]
    if others:
        names = ", ".join(f"{n.label} (line {n.location.line})" for n in others[:_SHOWN_NUMBERS])
        notes.append(
            f"{len(others) + 1} numbers depend on the parameters; the updates follow the gradient of {loss.label}, not "
            f"of {names}. Choose another one with --loss EXPR"
        )
    for node in dict.fromkeys(node for _, node in choice.elsewhere):
        names = ", ".join(variable.name for variable, other in choice.elsewhere if other is node)
        notes.append(
            f"Not checked: {names}, whose updates follow the gradient of {node.label} (line {node.location.line}) and "
            f"not that of {loss.label}; check them with --loss {node.label}"
        )
    if rated.ascends:
        notes.append(
            f"The updates add the gradient of {loss.label}, so the program maximises it. If it is to be minimised, "
            "subtract the gradient instead"
        )
    if rated.early_rate is not None:
        node, rate = rated.early_rate
        notes.append(
            f"Line {node.location.line} multiplies all gradients with {rate:.6g} before the updates, which was taken "
            "for a learning rate"
        )
    return notes
