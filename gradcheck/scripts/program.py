"""`check_program`: from a script or a notebook to a report."""

from __future__ import annotations

import functools
import itertools
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

from gradcheck._version import __version__
from gradcheck.checks.curves import measured_curves
from gradcheck.checks.gradients import check_subject
from gradcheck.checks.options import budget_of, plain_tolerance, seed_of, tolerance_of
from gradcheck.diagnosis.finding import Finding
from gradcheck.errors import GradcheckError, SubjectError, TargetError
from gradcheck.probes.evaluator import Evaluator, Progress
from gradcheck.probes.place import Place
from gradcheck.recording.explain import UNEXPLAINED
from gradcheck.recording.functions import heap_aside
from gradcheck.reports.build import report_of
from gradcheck.reports.data import LineReport
from gradcheck.reports.report import Report
from gradcheck.scripts.analysis import Analysis, NoUpdateError, analyse
from gradcheck.scripts.assumed_loss import AssumedLoss, Sums, loss_of, with_candidates, with_loss
from gradcheck.scripts.called_loss import called_losses
from gradcheck.scripts.delta_rule import with_squared_error
from gradcheck.scripts.exact import with_exact_gradients
from gradcheck.scripts.findings import common_factor, findings_in
from gradcheck.scripts.graph.dataflow import DataflowGraph
from gradcheck.scripts.graph.first_iteration import makes_parameters
from gradcheck.scripts.graph.loss import NoLossError, SeveralLossesError, descended_numbers
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.graph.updates import Update
from gradcheck.scripts.hinge import hinge_of
from gradcheck.scripts.hints import Hints, require_parameters
from gradcheck.scripts.instrument.events import SourceLocation
from gradcheck.scripts.instrument.program import InstrumentedProgram
from gradcheck.scripts.libraries import advice_on
from gradcheck.scripts.record.lines import RecordedLines, recorded_lines
from gradcheck.scripts.replay.capture import capture, capture_cells, capture_loop
from gradcheck.scripts.replay.guard import GUARD
from gradcheck.scripts.replay.minimisers import Minimisation
from gradcheck.scripts.replay.open_files import without_open_files
from gradcheck.scripts.replay.step import Step
from gradcheck.scripts.step_losses import StepLoss, losses_of
from gradcheck.scripts.subject import ProgramSubject
from gradcheck.scripts.text.source import Source, decoded, read
from gradcheck.scripts.text.training_loop import Loop, other_training_loops
from gradcheck.subjects.convert import as_subject
from gradcheck.subjects.subject import Block
from gradcheck.tracebacks import pass_on_signal
from gradcheck.verdicts.checker import CheckOptions, check
from gradcheck.verdicts.result import BlockResult, CheckResult, Ground
from gradcheck.verdicts.verdict import Verdict

T = TypeVar("T")

#: Tells what an analysed step shows; None if that is nothing.
_Judge = Callable[[Analysis, np.random.Generator], T | None]

#: What is assumed of a step, and the judge of it.
_Attempt = tuple[Hints, _Judge[T]]

#: Loops that are tried if the likeliest one is not a training step: each runs the program again.
_MOST_LOOPS = 3

#: Deferred constants in a note, and numbers that are not the loss.
_SHOWN_CONSTANTS, _SHOWN_NUMBERS = 6, 4

#: Loops that are tried afterwards, and that the program had not imported when the first one began.
_MOST_LATER_LOOPS = 3

#: Effects outside the program in a note.
_SHOWN_EFFECTS = 6

#: Evaluations of the loss after which undecided parameters are compared with exact derivatives.
_FIRST_BUDGET = 500

#: Entries of values that the replays of one check may compute, and replays that are allowed in any case: a step that
#: computes more in each of them is checked with fewer.
_MOST_ENTRIES, _FEWEST_REPLAYS = 2e9, 120

#: Numbers that are tried as the loss of a step that computes none.
_MOST_CALLS = 8

#: Sums of losses that are tried, of those that the updates may follow.
_MOST_SUMS = 3

#: Factors of an assumed loss that are tried.
_MOST_FACTORS = 4

#: Mistakes that are one constant, other than a sign.
_OF_FACTORS = ("constant-factor", "mean-sum")

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
    curves: bool = False,
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
    curves : bool
        Whether the error against the step is measured.

    Raises
    ------
    TargetError, SubjectError
        If there is no training step, or its parts cannot be identified; the message says which part is missing.
    """
    hints = hints or Hints()
    started = time.perf_counter()
    seed = seed_of(rng)
    pieces = sources if sources is not None else read(path)
    request = _Request(path, pieces, hints, namespace, rtol, budget, progress, curves)
    try:
        with heap_aside(), without_open_files():
            report = _report(request, seed, started)
    except (TargetError, NoUpdateError, NoLossError) as error:
        advice = advice_on(piece.text for piece in pieces)
        if not advice:
            raise
        kind = TargetError if isinstance(error, TargetError) else SubjectError
        raise kind(f"{error}. {advice}") from error
    require_parameters(hints, [name.partition(" (")[0] for name in report.blocks])  # without the loops that they are of
    return report


def _report(request: _Request, seed: int, started: float) -> Report:
    """The report on a program: on all cells of a notebook, after a second iteration where the first one is special."""
    hints, pieces = request.hints, request.sources
    cells = _checked_cells(request, seed, started) if len(pieces) > 1 and hints.function is None else []
    if len(cells) > 1:
        return _combined(cells)
    try:
        outcome = cells[0] if cells else _checked(request, seed, started, preliminary=True)
    except NoLossError as error:
        if hints.function is not None:
            raise
        return _without_loss(request, seed, started, error)
    if outcome.report.verdict is Verdict.FAIL and outcome.is_lazy:
        try:
            outcome = _checked(request, seed, started, iterations=1)
        except Exception:  # a second iteration need not work as the first one does
            outcome = _checked(request, seed, started, diagnose_lazy=True)
    if outcome.report.verdict is Verdict.FAIL and hints.loss is None:
        return _with_squared_error(request, seed, started, outcome)
    return outcome.report


def _with_squared_error(request: _Request, seed: int, started: float, outcome: _Outcome) -> Report:
    """The report on a program that prints an absolute error, checked against half its square if that fits better."""
    loss, report = outcome.loss, outcome.report
    tried = (with_squared_error(request.sources, location) for location in outcome.behind)
    sources = next((found for found in tried if found is not None), None)
    if loss is None or sources is None:
        return report
    try:
        again = _checked(replace(request, sources=sources), seed, started)
    except GradcheckError:
        return report
    other = again.report
    better = sum(map(_passes, other.lines)) > sum(map(_passes, report.lines))
    if loss.is_named:  # it may be meant as the loss: what it is called does not tell
        parallel = other.verdict is Verdict.PASS or again.common is not None
        return _between_errors(report, loss) if parallel else report
    if other.verdict is not Verdict.PASS and not better:
        return report
    note = (
        f"The program prints the absolute error on line {loss.location.line}; its gradient is that of half the squared "
        "error, which was checked instead"
    )
    return replace(other, sources=report.sources, notes=(note, *other.notes))


def _without_loss(request: _Request, seed: int, started: float, error: NoLossError) -> Report:
    """The report on a program whose training computes no loss. Raises an error if none was found for it."""
    wrong: Report | None = None
    tried: list[StepLoss] = []
    if error.rule and error.is_final:
        return _without_gradient(request, seed, started, error)
    for loop in error.loops:
        report, own = _with_step_loss(request, seed, started, loop, tried)
        wrong = wrong or own
        if report is not None:
            return report
    for assume, loop in itertools.product((_with_summed_loss, _with_assumed_loss), error.loops):
        report = assume(request, seed, started, loop)
        if report is not None:
            return report
    if wrong is not None:
        return wrong
    if error.rule:
        return _without_gradient(request, seed, started, error)
    if isinstance(error.__cause__, SeveralLossesError):  # of a likelier loop
        raise error.__cause__ from None
    if tried:
        shown = ", ".join(f"{loss.shown} (line {loss.line})" for loss in tried[:_SHOWN_NUMBERS])
        raise NoLossError(f"{error}. The updates follow the gradient of none of {shown}", error.loops) from None
    raise error


def _without_gradient(request: _Request, seed: int, started: float, error: NoLossError) -> Report:
    """The report on updates that are known to be no gradients: nothing can be said about them, but what they are."""
    note = f"{error.rule}. Give a number that the program minimises with --loss EXPR"
    variables = [update.variable for update in error.updates]
    blocks = [Block(v.name, v.value.shape, str(np.asarray(v.found).dtype)) for v in variables]
    results = (BlockResult(block, Verdict.UNDECIDED, math.nan, None, Place.USER, note=note) for block in blocks)
    found = CheckResult(tuple(results), math.nan, math.nan)
    report = report_of(
        found,
        version=__version__,
        target=str(request.path),
        seed=seed,
        rtol=plain_tolerance(request.rtol),
        seconds=time.perf_counter() - started,
        evaluations=0,
        gradients=0,
    )
    loop = error.loops[0]
    replayed = f"Replayed one iteration of the loop on line {loop.line}, which computes no loss"
    return replace(report, notes=(replayed, *_effects(), *report.notes))


def _with_step_loss(
    request: _Request, seed: int, started: float, loop: Loop, tried: list[StepLoss]
) -> tuple[Report | None, Report | None]:
    """The report on a loop that computes no loss, checked with one that it could compute; those tried are added.

    The first report is None if its updates follow the gradient of none of those that were tried. The second one is
    that on the only number which the loop itself computes in other iterations, if they do not follow that either.
    """
    given = called_losses(request.sources)
    own: list[StepLoss] = []
    wrong: list[Report] = []

    def judge(loss: StepLoss, analysis: Analysis, generator: np.random.Generator) -> Report | None:
        if analysis.choice.jumps:
            return None
        tried.append(loss)
        own.extend([loss] if loss.is_own else [])
        if not analysis.may_follow():
            return None
        outcome = _outcome(request, analysis, seed, started, generator, only_if_passing=True)
        if outcome.ascends or not _passes_somewhere(outcome.report):
            return None
        where = "first iteration" if loss.is_own else "training"
        note = (
            f"The {where} computes no loss. Its updates follow the gradient of {loss.shown}, which the program has "
            f"on line {loss.line} and which was taken for it; choose another one with --loss EXPR"
        )
        return replace(outcome.report, notes=(note, *outcome.report.notes))

    def judge_own(loss: StepLoss, analysis: Analysis, generator: np.random.Generator) -> None:
        outcome = _outcome(request, analysis, seed, started, generator)
        if outcome.report.verdict is Verdict.FAIL and outcome.is_related:
            note = (
                f"The first iteration computes no loss: {loss.text} (line {loss.line}) was taken for it, which others "
                "compute; choose another one with --loss EXPR"
            )
            wrong.append(replace(outcome.report, notes=(note, *outcome.report.notes)))

    def attempts(step: Step) -> Iterator[_Attempt[Report]]:
        for loss in losses_of(step, given)[:_MOST_CALLS]:
            yield replace(request.hints, loss=loss.text), functools.partial(judge, loss)
        if len(own) == 1:
            yield replace(request.hints, loss=own[0].text), functools.partial(judge_own, own[0])

    try:
        report = _judged_loop(request, seed, loop, attempts)
    except GradcheckError:
        report = None
    return report, wrong[0] if wrong else None


def _with_assumed_loss(request: _Request, seed: int, started: float, loop: Loop) -> Report | None:
    """The report on a program that computes no loss, checked with the one that its errors belong to.

    None if its updates follow the gradient of none of those that were tried.
    """

    def chosen(analysis: Analysis, _: np.random.Generator) -> AssumedLoss | None:
        node = analysis.choice.node
        return loss_of(_original(request, node.location.file), list(node.names))

    def with_candidates_of(_: Step) -> list[_Attempt[AssumedLoss]]:
        return [(request.hints, chosen)]

    try:
        loss = _judged_loop(replace(request, rewrite=with_candidates), seed, loop, with_candidates_of)
    except GradcheckError:
        return None
    return _with_this_loss(request, seed, started, loop, loss)


def _with_summed_loss(request: _Request, seed: int, started: float, loop: Loop) -> Report | None:
    """The same with a sum of losses over samples that an inner loop goes through."""
    sums = Sums()

    def use(step: Step) -> list[AssumedLoss]:
        graph: DataflowGraph | None
        updates: Sequence[Update]
        try:
            try:
                analysis = _analysed(step, request.hints, np.random.default_rng(seed), 0)
                graph, updates = analysis.graph, [Update(p.variable, p.updates) for p in analysis.parameters]
            except NoLossError as error:
                graph, updates = error.graph, error.updates
            step.carries_over = False
            found = [] if graph is None else descended_numbers(graph, updates, sums.clear, sums.read)
            return [sums.loss(k) for k in found[:_MOST_SUMS]]
        finally:
            step.release()

    try:
        losses = capture_loop(replace(request, rewrite=sums.collecting).program(), loop, request.hints.arguments, use)
    except GradcheckError:
        return None
    reports = (_with_this_loss(request, seed, started, loop, loss) for loss in losses)
    return next((report for report in reports if report is not None), None)


def _with_this_loss(request: _Request, seed: int, started: float, loop: Loop, loss: AssumedLoss) -> Report | None:
    """The report on a program with a loss that was assumed, up to a factor; None if no update follows it."""

    def checked(loss: AssumedLoss) -> _Outcome:
        own = replace(request, rewrite=with_loss(loss))

        def judge(analysis: Analysis, generator: np.random.Generator) -> _Outcome:
            return _outcome(own, analysis, seed, started, generator, only_if_passing=True)

        return _judged_loop(own, seed, loop, lambda _: [(request.hints, judge)])

    try:
        outcome = checked(loss)
        for factor in [] if _passes_somewhere(outcome.report) else _factors(outcome):
            scaled = replace(loss, factor=factor)
            outcome = checked(scaled)
            if _passes_somewhere(outcome.report):
                loss = scaled
                break
        for factor in _majority(outcome.report):
            scaled = replace(loss, factor=factor * loss.factor)
            again = checked(scaled)
            if _passes_somewhere(again.report):
                loss, outcome = scaled, again
    except GradcheckError:
        return None
    report = outcome.report
    if outcome.ascends or not _passes_somewhere(report):
        return None
    note = (
        f"The program computes no loss. Its updates follow the gradient of {loss.shown} (line {loss.line}), which was "
        "taken for it; choose another one with --loss EXPR"
    )
    texts = {**report.sources, loss.file: _original(request, loss.file).text}
    return _without_sides(replace(report, sources=texts, notes=(note, *report.notes)))


def _without_sides(report: Report) -> Report:
    """The report on a loss that is known up to a factor only, without lines where the factor decides which are wrong.

    Where as many gradients are one multiple of those that pass, or more, they may as well be the right ones.
    """
    right = [name for name, block in report.blocks.items() if block.verdict is Verdict.PASS]
    wrong = [name for name, block in report.blocks.items() if block.verdict is Verdict.FAIL]
    scaled = {name for f in report.findings if f.slug in _OF_FACTORS for name in f.blocks}
    if not wrong or len(wrong) < len(right) or not set(wrong) <= scaled:
        return report
    first = next(f for f in report.findings if f.slug in _OF_FACTORS)
    finding = Finding(
        first.code,
        first.slug,
        ", ".join(wrong),
        f"of another multiple of the loss than {', '.join(right)}: which of them is meant is not known, since the "
        "program computes no loss",
        first.evidence,
        "Multiply all gradients with the same constant, or give the loss with --loss EXPR.",
        blocks=tuple(wrong),
    )
    lines = tuple(
        replace(line, verdict=Verdict.UNDECIDED) if line.verdict is Verdict.FAIL else line for line in report.lines
    )
    return replace(report, findings=(finding,), lines=lines)


def _passes_somewhere(report: Report) -> bool:
    return any(block.verdict is Verdict.PASS for block in report.blocks.values())


def _factors(outcome: _Outcome) -> list[float]:
    """What a loss may have to be multiplied with: it is only known up to a factor, as a mean over samples."""
    if outcome.common is not None:
        return [outcome.common] if outcome.common > 0 else []
    blocks = outcome.report.blocks.values()
    found = [b.claimed_norm / b.numeric_norm for b in blocks if b.claimed_norm and b.numeric_norm]
    return found[:_MOST_FACTORS]


def _majority(report: Report) -> list[float]:
    """The constant that more gradients are too large by than there are right ones; empty if there is none."""
    blocks = report.blocks.values()
    wrong = [b for b in blocks if b.verdict is Verdict.FAIL and b.claimed_norm and b.numeric_norm]
    factors = [b.claimed_norm / b.numeric_norm for b in wrong if b.numeric_norm]
    alike = [sum(abs(one / other - 1.0) < _NOT_ONE for other in factors) for one in factors]
    right = sum(b.verdict is Verdict.PASS for b in blocks)
    return [factors[alike.index(max(alike))]] if right and alike and max(alike) > right else []


def _original(request: _Request, file: str) -> Source:
    """A piece of source as it is written."""
    own = next((source for source in request.sources if source.file == file), None)
    return own if own is not None else Source(file, decoded(Path(file)))


def _between_errors(report: Report, loss: Node) -> Report:
    """The report, undecided: the number is the absolute error, and the gradient that of half the squared error."""
    note = (
        f"{loss.label} (line {loss.location.line}) is an absolute error, but the gradient is exactly that of the "
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
    curves: bool = False
    rewrite: Callable[[Source], Source] | None = None

    def program(self) -> InstrumentedProgram:
        """The program, before it runs."""
        return InstrumentedProgram(self.path, self.sources, self.namespace, self.rewrite)


@dataclass(frozen=True)
class _Outcome:
    """The report of one check, and what decides whether another one follows.

    Attributes
    ----------
    report : Report
    is_lazy : bool
        Whether the first iteration creates arrays of the parameters' shapes, as an optimiser does with its averages.
    loss : Node or None
    loop : Loop or None
        None if a minimiser trains.
    behind : tuple of SourceLocation
        The loss, and what it is computed from, the nearest first.
    common : float or None
        The one number, other than 1, that all gradients are too large by.
    ascends : bool
        Whether the program maximises the loss.
    is_related : bool
        Whether the gradients read values that the loss is made of.
    """

    report: Report
    is_lazy: bool
    loss: Node | None
    loop: Loop | None
    behind: tuple[SourceLocation, ...] = ()
    common: float | None = None
    ascends: bool = False
    is_related: bool = False


def _checked(
    request: _Request,
    seed: int,
    started: float,
    iterations: int = 0,
    *,
    diagnose_lazy: bool = False,
    preliminary: bool = False,
) -> _Outcome:
    """Check the step of the likeliest loop that is a training step, after some iterations of the loop.

    Without iterations, a failing step that creates the averages of an optimiser is not diagnosed unless that is asked
    for. `preliminary` tells that another check follows if such a step fails.
    """

    def judge(analysis: Analysis, generator: np.random.Generator) -> _Outcome:
        diagnosed = diagnose_lazy or iterations > 0
        return _outcome(request, analysis, seed, started, generator, diagnose_lazy=diagnosed, preliminary=preliminary)

    def minimised(minimisation: Minimisation) -> _Outcome:
        return _Outcome(_of_minimiser(request, minimisation, seed, started), False, None, None)

    return _judged(request, seed, judge, minimised, iterations)


def _judged_loop(request: _Request, seed: int, loop: Loop, attempts: Callable[[Step], Iterable[_Attempt[T]]]) -> T:
    """What is found out about the step of one loop.

    Parameters
    ----------
    request : _Request
    seed : int
    loop : Loop
    attempts : callable
        Gives judges for the step, each with hints of its own: the first one that finds something decides.

    Raises
    ------
    GradcheckError
        If the loop is not reached, or none finds anything.
    """

    def use(step: Step) -> T:
        for hints, judge in attempts(step):
            generator = np.random.default_rng(seed)
            try:
                with np.errstate(all="ignore"):
                    analysis = _analysed(step, hints, generator, 0)
                found = judge(analysis, generator)
                if found is not None:
                    return found
            except Exception as error:  # what was taken for a loss cannot be computed, or is no number
                pass_on_signal(error)
            finally:
                step.release()
        raise NoLossError(f"no loss of the loop on line {step.loop.line} is known")

    return cast("T", capture_loop(request.program(), loop, request.hints.arguments, use))


def _judged(
    request: _Request,
    seed: int,
    judge: Callable[[Analysis, np.random.Generator], T],
    minimised: Callable[[Minimisation], T] | None = None,
    iterations: int = 0,
) -> T:
    """What is found out about the step of the likeliest loop that is a training step."""
    hints = request.hints

    tried: dict[int, Loop] = {}
    idle: set[int] = set()  # those that update nothing, whatever they look like
    lossless: list[Loop] = []

    def use(step: Step, others: Sequence[Loop]) -> tuple[T | SubjectError, Sequence[Loop]]:
        generator = np.random.default_rng(seed)
        tried[step.loop.number] = step.loop
        try:
            try:
                with np.errstate(all="ignore"):
                    analysis = _analysed(step, hints, generator, iterations)
            except SubjectError as error:
                if isinstance(error, NoUpdateError):
                    idle.add(step.loop.number)
                if isinstance(error, NoLossError):
                    lossless.append(step.loop)
                return error, others
            return judge(analysis, generator), others
        finally:
            step.release()

    def trained(minimisation: Minimisation) -> tuple[T, Sequence[Loop]]:
        assert minimised is not None
        return minimised(minimisation), []

    watched = None if minimised is None else trained

    def further(found: T | SubjectError, others: Sequence[Loop]) -> Iterator[T | SubjectError]:
        """What other loops give that may be the training loop, the likeliest first."""
        for _ in range(_MOST_LOOPS - 1):
            if not isinstance(found, SubjectError) or not others:
                return
            loop, rest = others[0], [other for other in others[1:] if other.place != others[0].place]
            try:
                following = functools.partial(use, others=rest)
                found, others = capture_loop(request.program(), loop, hints.arguments, following)
            except TargetError:  # this loop does not run
                others = rest
            yield found

    found, others = capture(request.program(), hints.arguments, hints.function, use, watched)
    first = trouble = found
    known = {loop.number for loop in others}
    own = {source.file for source in request.sources}
    for later in range(1 if hints.function is not None else 1 + _MOST_LATER_LOOPS):
        if later:  # modules that were imported meanwhile may have the loop that trains
            trains = any(loop.trains for number, loop in tried.items() if number not in idle)
            if trains or not isinstance(found, SubjectError) or isinstance(trouble, NoLossError):
                break
            try:
                found, others = capture(request.program(), hints.arguments, None, use, watched, known | tried.keys())
            except TargetError:  # there is no other loop
                break
            trouble = _more_telling(trouble, found)
            known |= {loop.number for loop in others}
            others = [loop for loop in others if loop.trains or loop.file in own] or others[:1]
        for again in further(found, others):
            found, trouble = again, _more_telling(trouble, again)
    if isinstance(found, SubjectError):
        assert isinstance(trouble, SubjectError)
        if isinstance(trouble, NoLossError):
            told, trouble = trouble, NoLossError(str(trouble), lossless, None, trouble.updates)
            trouble.rule, trouble.is_final = told.rule, told.is_final
        raise trouble from (first if isinstance(first, SubjectError) and first is not trouble else None)
    return cast("T", found)


def _more_telling(trouble: Any, found: Any) -> Any:
    """Of what two loops lack, that of the first; a loop that only lacks a loss updates parameters, so it says more."""
    return found if isinstance(found, NoLossError) and not isinstance(trouble, NoLossError) else trouble


def _checked_cells(request: _Request, seed: int, started: float) -> list[_Outcome]:
    """Check the training loops of all cells of a notebook; empty if none could be checked."""
    problems: list[str] = []

    def use(step: Step) -> _Outcome | None:
        outcome = None
        for iterations, final in ((0, False), (1, True), (0, True)):
            generator = np.random.default_rng(seed)
            try:
                with np.errstate(all="ignore"):
                    analysis = _analysed(step, request.hints, generator, iterations)
                outcome = _outcome(
                    request, analysis, seed, started, generator, diagnose_lazy=final, preliminary=not final
                )
            except SubjectError as error:
                if iterations:  # a second iteration need not work as the first one does
                    continue
                problems.append(f"Not checked: {error}")
            finally:
                step.release()
            if iterations or outcome is None or outcome.report.verdict is not Verdict.FAIL or not outcome.is_lazy:
                break
        return outcome

    found, troubles = capture_cells(request.program(), request.hints.arguments, use)
    outcomes = [outcome for outcome in found if outcome is not None]
    if outcomes and (problems or troubles):
        last = outcomes[-1]
        outcomes[-1] = replace(last, report=replace(last.report, notes=(*last.report.notes, *problems, *troubles)))
    return outcomes


def _of_minimiser(request: _Request, minimisation: Minimisation, seed: int, started: float) -> Report:
    """The report on the gradient that a minimiser of SciPy gets, at the point where it starts."""
    subject = as_subject(minimisation.fun, minimisation.gradient, minimisation.start, args=minimisation.arguments)
    report = check_subject(subject, rtol=request.rtol, rng=seed, budget=request.budget, curves=request.curves)
    note = (
        f"Checked the gradient that scipy.optimize.{minimisation.name} gets on line {minimisation.line}, at the point "
        "where it starts"
    )
    return replace(
        report,
        target=str(request.path),
        seconds=time.perf_counter() - started,
        notes=(note, *_effects(), *report.notes),
    )


def _combined(outcomes: Sequence[_Outcome]) -> Report:
    """One report on several loops; each block has the name of its loop."""
    reports = [_labelled(outcome) for outcome in outcomes]
    verdicts = [report.verdict for report in reports]
    worst = next(v for v in (Verdict.FAIL, Verdict.UNDECIDED, Verdict.PASS) if v in verdicts)
    first = reports[verdicts.index(worst)]
    return replace(
        first,
        blocks={name: block for report in reports for name, block in report.blocks.items()},
        findings=tuple(finding for report in reports for finding in report.findings),
        lines=tuple(dict.fromkeys(line for report in reports for line in report.lines)),
        notes=tuple(dict.fromkeys(note for report in reports for note in report.notes)),
        evaluations=sum(report.evaluations for report in reports),
        gradients=sum(report.gradients for report in reports),
        seconds=max(report.seconds for report in reports),
    )


def _labelled(outcome: _Outcome) -> Report:
    """A report whose blocks say which loop they are from."""
    report, loop = outcome.report, outcome.loop
    if loop is None:
        return report
    place = f"{loop.file.rpartition(', ')[2]}, line {loop.line}"
    names = {name: f"{name} ({place})" for name in report.blocks}
    return replace(
        report,
        blocks={names[name]: replace(block, name=names[name]) for name, block in report.blocks.items()},
        findings=tuple(replace(f, blocks=tuple(names.get(b, b) for b in f.blocks)) for f in report.findings),
    )


def _outcome(
    request: _Request,
    analysis: Analysis,
    seed: int,
    started: float,
    generator: np.random.Generator,
    *,
    diagnose_lazy: bool = True,
    preliminary: bool = False,
    only_if_passing: bool = False,
) -> _Outcome:
    """Check a step that was analysed; what creates the averages of an optimiser need not be diagnosed.

    If another check follows should such a step fail, `preliminary`, nothing is measured once it does. With a loss that
    is only tried, `only_if_passing`, nothing is diagnosed if no gradient is that of it.
    """
    step = analysis.step
    shapes = {p.variable.value.shape for p in analysis.parameters}
    is_lazy = any(value.shape in shapes for value in step.created)
    subject = ProgramSubject(
        analysis.base, analysis.loss, analysis.parameters, str(request.path), updating=bool(analysis.stale)
    )
    tolerance = tolerance_of(request.rtol, subject)
    with np.errstate(all="ignore"):
        brief = is_lazy and preliminary
        found, evaluator = _compared(request, analysis, subject, tolerance, generator, verdict_only=brief)
        is_last = not (brief and found.verdict is Verdict.FAIL)
        is_last &= not only_if_passing or any(block.verdict is Verdict.PASS for block in found.blocks)
        recorded = recorded_lines(analysis, found, tolerance) if is_last else None
        given = request.hints.loss is not None
        connected = given or bool(analysis.stale) or step.carries_over
        if is_last:
            found = _if_decidable(found, analysis, recorded, given=given, connected=connected)
        findings: tuple[Finding, ...] = ()
        lines: tuple[LineReport, ...] = ()
        if is_last and (diagnose_lazy or not is_lazy or found.verdict is not Verdict.FAIL):
            findings, lines = findings_in(analysis, recorded, evaluator, found, tolerance, generator)
            if recorded and recorded.samples_states and not connected and _is_unexplained(found, findings):
                found, findings = _undecided(found, _sampled(analysis)), ()
        curves = measured_curves(evaluator, found) if request.curves else {}
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
        curves=curves,
    )
    unrecorded = [_unrecorded(step)] if found.verdict is Verdict.FAIL and recorded is None else []
    report = replace(
        report,
        lines=lines,
        sources={name: source.text for name, source in step.program.sources.items()},
        notes=(*_notes(analysis, lines), *unrecorded, *_effects(), *report.notes),
    )
    above = sorted(analysis.graph.ancestors([analysis.loss.index]), reverse=True)
    behind = tuple(dict.fromkeys(analysis.graph.nodes[i].location for i in (analysis.loss.index, *above)))
    rated, related = analysis.rated, recorded is not None and recorded.is_related(strictly=True)
    return _Outcome(report, is_lazy, analysis.loss, step.loop, behind, rated.common, rated.ascends, related)


def _if_decidable(
    found: CheckResult, analysis: Analysis, recorded: RecordedLines | None, *, given: bool, connected: bool
) -> CheckResult:
    """The check, undecided where the loss is not the number that the updates follow, or no run is like another.

    `connected` tells that the loss is that of the gradient: it was `given`, or the step shows it.
    """
    if found.verdict is not Verdict.PASS and analysis.rated.flat:
        found = _undecided(found, _piecewise_constant(analysis))
    elif found.verdict is Verdict.FAIL and not connected and analysis.beside and not (recorded and recorded.right):
        found = _undecided(found, _not_minimised(analysis))
    elif found.verdict is Verdict.FAIL and not given and not analysis.stale and (hinge := hinge_of(analysis)):
        found = _undecided(found, hinge)
    elif found.verdict is Verdict.FAIL and not connected and recorded and not recorded.is_related():
        found = _undecided(found, _unrelated(analysis))
    elif found.verdict is Verdict.FAIL and not connected and analysis.repeated and recorded is None:
        found = _undecided(found, _updated_in_between(analysis))
    return _if_repeatable(found, analysis)


def _compared(
    request: _Request,
    analysis: Analysis,
    subject: ProgramSubject,
    tolerance: float,
    generator: np.random.Generator,
    *,
    verdict_only: bool = False,
) -> tuple[CheckResult, Evaluator]:
    """Compare the claims with differences; with a part of the budget first, since replays of a step are slow.

    What stays undecided then is compared with the exact derivatives. The whole budget is spent if these do not agree.
    """
    budget = budget_of(request.budget)
    options = CheckOptions(tolerance, verdict_only=verdict_only, loss_accuracy=0.0)
    evaluator = Evaluator(subject, budget, request.progress)
    if analysis.rated.common is not None:
        whole = check(evaluator.of_part(_divided(analysis, subject, analysis.rated.common)), options, generator)
        if whole.verdict is Verdict.PASS:
            return _multiplied(whole, analysis.rated.common), evaluator
    most = _most_replays(analysis)
    if most < min(budget, _FIRST_BUDGET):
        return _compared_briefly(request, analysis, subject, options, most, generator)
    with evaluator.reserving(max(budget - _FIRST_BUDGET, 0)):
        found = check(evaluator, options, generator)
    found = with_exact_gradients(analysis, found)
    failed = found.verdict is Verdict.FAIL
    is_short = failed and not verdict_only and 2 * evaluator.losses > _FIRST_BUDGET  # for the second point
    undecided = not (failed and verdict_only) and any(b.verdict is Verdict.UNDECIDED for b in found.blocks)
    if budget > _FIRST_BUDGET and (is_short or undecided):
        evaluator = Evaluator(subject, budget, request.progress)
        found = with_exact_gradients(analysis, check(evaluator, options, generator))
    return found, evaluator


def _most_replays(analysis: Analysis) -> int:
    """The number of replays that a check of a large step may take."""
    entries = sum(event.value.size for event in analysis.base.trace.events)
    return max(int(_MOST_ENTRIES / max(entries, 1)), _FEWEST_REPLAYS)


def _compared_briefly(
    request: _Request,
    analysis: Analysis,
    subject: ProgramSubject,
    options: CheckOptions,
    most: int,
    generator: np.random.Generator,
) -> tuple[CheckResult, Evaluator]:
    """Compare the claims of a step whose replays take long: first for the verdict alone, which takes the fewest."""
    evaluator = Evaluator(subject, most, request.progress)
    first = check(evaluator, replace(options, verdict_only=True), generator)
    if first.verdict is not Verdict.FAIL:
        return with_exact_gradients(analysis, first), evaluator
    if options.verdict_only:
        return first, evaluator
    wrong = {block.block.name: block for block in first.blocks if block.verdict is Verdict.FAIL}
    found = check(Evaluator(subject, most, request.progress), options, generator)
    blocks = (b if b.verdict is Verdict.FAIL else wrong.get(b.block.name, b) for b in found.blocks)
    return replace(found, blocks=tuple(blocks)), Evaluator(subject, most, request.progress)


def _divided(analysis: Analysis, subject: ProgramSubject, factor: float) -> ProgramSubject:
    """The subject with all its gradients divided by a factor."""
    parameters = [replace(p, factor=p.factor / factor) for p in analysis.parameters]
    return ProgramSubject(analysis.base, analysis.loss, parameters, subject.name, updating=bool(analysis.stale))


def _multiplied(found: CheckResult, factor: float) -> CheckResult:
    """What is found of gradients, from what was found of them divided by a factor that is not 1.

    The slope of a block is that along a direction in which all of its entries contribute with one sign.
    """
    blocks = []
    for block in found.blocks:
        screening = block.screening
        if screening is not None and not block.is_zero:
            right, share, size = screening.comparison, screening.contribution, abs(factor)
            comparison = replace(
                right,
                claimed=factor * share.norm,
                rounding=size * right.rounding,
                estimate=replace(right.estimate, value=share.norm),
                norm=size * share.norm,
            )
            share = replace(share, slope=factor * share.slope, norm=size * share.norm, small=size * share.small)
            block = replace(
                block,
                verdict=Verdict.FAIL,
                claimed_norm=size * block.claimed_norm,
                screening=replace(screening, comparison=comparison, contribution=share, own=True),
                ground=Ground.DIFFERENCES,
                note="",
            )
        blocks.append(block)
    return replace(found, blocks=tuple(blocks))


def _analysed(step: Step, hints: Hints, rng: np.random.Generator, iterations: int) -> Analysis:
    """The analysis of a step; after one iteration if that creates parameters, as layers do on their first input."""
    if iterations:
        return _after_iterations(step, hints, rng, iterations)
    try:
        analysis = _after_iterations(step, hints, rng, 0)
    except SubjectError as error:
        lazy = isinstance(error, NoUpdateError) and bool(step.created)
        if not lazy and not makes_parameters(step):
            raise
        later = _second_iteration(step, hints, rng)
        if later is None:
            raise
        return later
    if not makes_parameters(step):
        return analysis
    return _second_iteration(step, hints, rng) or _after_iterations(step, hints, rng, 0)


def _second_iteration(step: Step, hints: Hints, rng: np.random.Generator) -> Analysis | None:
    """The analysis after one iteration; None if it fails, since a second iteration need not work as the first does."""
    step.release()
    try:
        return _after_iterations(step, hints, rng, 1)
    except NoLossError:  # it updates parameters, which the first one does not
        raise
    except Exception as trouble:
        pass_on_signal(trouble)
        step.release()
        return None


def _after_iterations(step: Step, hints: Hints, rng: np.random.Generator, iterations: int) -> Analysis:
    for _ in range(iterations):
        step.prepare()
        step.advance()
    return analyse(step, hints, rng)


def _unrecorded(step: Step) -> str:
    """The reason why a failing report has no lines."""
    if step.carries_over:
        return "No wrong line was looked for: the gradient is that of the loss of the iteration before"
    return (
        "No wrong line was looked for: the operations of the step could not be recorded one by one, or the recording "
        "disagrees with the numerical derivative of a parameter that passes"
    )


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


def _is_unexplained(found: CheckResult, findings: Sequence[Finding]) -> bool:
    """Whether no gradient is right, and nothing explains why."""
    wrong = all(block.verdict is Verdict.FAIL for block in found.blocks)
    return wrong and all(finding.code == UNEXPLAINED for finding in findings)


def _sampled(analysis: Analysis) -> str:
    """The reason if the step draws states of the model, and nothing connects its updates with a gradient."""
    return (
        "the step draws random states with probabilities of the model, and its updates are no gradient of "
        f"{analysis.loss.label} (line {analysis.loss.location.line}), nor one with a known mistake: they may be an "
        "estimate from samples, as in contrastive divergence or policy gradients. Give the number that the program "
        "minimises with --loss EXPR"
    )


def _updated_in_between(analysis: Analysis) -> str:
    """The reason if entries are updated one after the other, and the loss is that of all of them."""
    return (
        f"one iteration of the loop on line {analysis.step.loop.line} updates entries of {analysis.repeated[0]} "
        f"several times, and {analysis.loss.label} (line {analysis.loss.location.line}) is computed beside these "
        "updates: give the loss of one of them with --loss EXPR, in the variables of the inner loop"
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


def _if_repeatable(found: CheckResult, analysis: Analysis) -> CheckResult:
    """The check, undecided where loss or gradient depends on a value that differs from one replay to the next."""
    above = analysis.graph.ancestors([analysis.loss.index, *(p.claim.index for p in analysis.parameters)])
    needed = {event for i in above for event in analysis.graph.nodes[i].events}
    unsteady = next((event for event in analysis.step.unsteady if event.index in needed), None)
    if unsteady is None:
        return found
    note = (
        f"{unsteady.location.target} (line {unsteady.location.line}) differs between two runs of the step from the "
        "same state: it depends on something that gradcheck cannot put back. Set a seed, or compute it before the loop"
    )
    blocks = tuple(replace(b, verdict=Verdict.UNDECIDED, note=note, location=None) for b in found.blocks)
    return replace(found, blocks=blocks)


def _effects() -> list[str]:
    """What the program did before its step, and what its step was kept from."""
    notes = []
    for effects, words in ((GUARD.seen, "Before the loop the program did"), (GUARD.refused, "Not done in replays")):
        shown = [*list(effects)[:_SHOWN_EFFECTS], *(["…"] if len(effects) > _SHOWN_EFFECTS else [])]
        if shown:
            notes.append(f"{words}: {'; '.join(shown)}")
    return notes


def _notes(analysis: Analysis, lines: Sequence[LineReport]) -> tuple[str, ...]:
    """What was checked, and how."""
    step, loss = analysis.step, analysis.loss
    loop, program = step.loop, step.program
    first = [_sentence(common_factor(analysis, analysis.rated.common))] if analysis.rated.common is not None else []
    what = f"one iteration of the loop on line {loop.line}" if loop.is_loop else f"one call of {loop.node.name}"
    names = ", ".join(f"{p.name} (line {(p.updates or (p.claim,))[-1].location.line})" for p in analysis.parameters)
    notes = [*first, f"Replayed {what}; loss = {loss.label} (line {loss.location.line}); parameters: {names}"]
    notes += _roles(analysis)
    if step.made & {parameter.variable.path for parameter in analysis.parameters}:
        notes.append("The first iteration makes parameters, so the one after it was checked, on the same data")
    others = other_training_loops(loop, program.loops, program.trees)
    if others:
        loops = " and ".join(f"the loop on line {other.line}" for other in others)
        notes.append(f"Not checked: {loops}, which also updates variables; select it with --function NAME")
    if len(analysis.bases) < 2:
        notes.append(
            "The step takes another branch at random parameters, so only the program's own parameters were checked"
        )
    narrow = sorted({(Path(location.file).name, location.line) for location in step.tracer.narrow})
    if narrow:
        places = ", ".join(f"{file}, line {line}" for file, line in narrow[:_SHOWN_NUMBERS])
        notes.append(f"Conversions to narrower floats were carried out in float64 ({places})")
    if step.narrowed:
        functions = ", ".join(f"numpy.{name}" for name in step.narrowed)
        notes.append(f"NumPy's own {functions} took the place of functions that round its results to a narrower type")
    notes += [
        f"The gradient with respect to {t.name} is {t.treatment.value} before the update; line {t.line} was checked"
        for t in analysis.treated
    ]
    carried = [
        f"{line.target} (line {line.line}) is {line.factor:.6g} times the derivative with respect to {line.of}"
        for line in lines
        if line.verdict is Verdict.PASS and line.factor is not None and abs(line.factor - 1) > _NOT_ONE
    ]
    if carried and analysis.rated.common is None:
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
