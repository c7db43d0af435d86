"""From a file to a report: a program checked as it stands."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck._version import __version__
from gradcheck.check import Check
from gradcheck.checker import check
from gradcheck.comparison import Verdict
from gradcheck.culprits import culprits
from gradcheck.effort import Effort, Progress
from gradcheck.errors import SubjectError
from gradcheck.finding import Finding
from gradcheck.findings import findings_of
from gradcheck.mistakes import BY_SLUG
from gradcheck.options import budget_of, seed_of, tolerance_of
from gradcheck.report import Report, report_of
from gradcheck.script import roles
from gradcheck.script.capture import Program
from gradcheck.script.chain import Chain, Place
from gradcheck.script.flow import Base, Flow
from gradcheck.script.hints import Hints
from gradcheck.script.lines import Accused, Judgement
from gradcheck.script.naming import finding_of
from gradcheck.script.pairs import Pairing
from gradcheck.script.repair import Edit, edits, swaps
from gradcheck.script.source import Source, read
from gradcheck.script.step import Step
from gradcheck.script.subjects import ProgramSubject

Array = NDArray[Any]

#: How far the second point lies, in units of the scale that parameters are drawn on again.
FAR = (1.0, 0.3, 0.05)

#: Lines that a repair is looked for, and for how many seconds each.
REPAIRED, PATIENCE = 1, 2.0


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
    generator = np.random.default_rng(seed)
    program = Program(path, sources if sources is not None else read(path), given=namespace)
    step, others = program.captured(hints.arguments, hints.function)
    analysis: Analysis | None = None
    trouble: Exception | None = None
    for _ in range(3):
        try:
            analysis = Analysis(step, hints, generator)
            break
        except SubjectError as error:
            trouble = trouble or error
            if not others:
                break
            step, others = (
                Program(path, sources if sources is not None else read(path), given=namespace).captured_at(
                    others[0], hints.arguments
                ),
                others[1:],
            )
    if analysis is None:
        assert trouble is not None
        raise trouble
    subject = ProgramSubject(analysis.base, analysis.loss, analysis.parameters, str(path))
    tolerance = tolerance_of(rtol, subject)
    effort = Effort(budget_of(budget), progress)
    with np.errstate(all="ignore"):
        found = check(subject, tolerance, generator, effort)
        judgement = analysis.judgement()
        findings = _findings(analysis, judgement, subject, found, tolerance, generator, effort)
    report = report_of(
        found,
        findings,
        version=__version__,
        target=str(path),
        seed=seed,
        rtol=tolerance,
        seconds=time.perf_counter() - started,
        evaluations=step.runs,
        gradients=effort.gradients,
    )
    return replace(
        report,
        lines=tuple(judgement.lines()),
        sources={name: source.text for name, source in step.program.sources.items()},
        notes=(*_notes(analysis, judgement), *report.notes),
    )


class Analysis:
    """What a step's values are to each other.

    Parameters
    ----------
    step : Step
    hints : Hints
    """

    def __init__(self, step: Step, hints: Hints, rng: np.random.Generator) -> None:
        self.step, self.rng, self.hints = step, rng, hints
        if hints.loss is not None:
            step.with_loss(hints.loss)
        trace = step.record(first=True)
        step.snapshot.also([leaf.found for leaf in trace.before.values()])
        self.flow = Flow(step, trace, rng)
        changed = roles.changed_leaves(self.flow)
        updated = roles.updated(self.flow, changed)
        if not updated and hints.function is not None:
            updated = roles.named(self.flow, dict(hints.pairs))
        if not updated:
            raise SubjectError(_no_update(step, changed))
        roles.neutralise(self.flow, updated)
        leaves = [leaf for leaf, _ in updated]
        ups = {n.index for _, nodes in updated for n in nodes}
        self.loss = roles.loss_of(self.flow, leaves, ups, hints.loss)
        self.forward = self.flow.ancestors([self.loss.index], stop=ups) - ups
        updated = [entry for entry in updated if self._moves(entry[0])]
        if not updated:
            raise SubjectError(_no_update(step, changed))
        self.parameters = roles.claims(self.flow, updated, self.forward, dict(hints.pairs))
        self.base = self.flow.base
        _refresh(self.base)
        self.bases = [self.base]
        second = self._elsewhere()
        if second is not None:
            self.bases.append(second)
        self.chain = Chain(self.bases, self.loss, rng)
        self.given = {derivative: variable for variable, derivative in hints.pairs}

    def _moves(self, leaf: Any) -> bool:
        return bool(roles._moved_by(self.flow, [leaf], [self.loss]))

    def _elsewhere(self) -> Base | None:
        """A point with the parameters drawn anew."""
        for distance in FAR:
            values = {}
            for parameter in self.parameters:
                old = parameter.leaf.value
                width = 1.0 / math.sqrt(max(old.shape, default=1))
                size = max(float(np.sqrt(np.mean(old * old))), width)
                values[parameter.leaf.path] = old + distance * size * self.rng.standard_normal(old.shape)
            base = Base(
                self.step, values, self.base.trace, "a point drawn anew", self.base.neutral, self.base.neutral_keys
            )
            moved = _recorded(base)
            if moved is not None and np.isfinite(moved.value(self.loss)).all() and self._tame(moved):
                return moved
        return None

    def _tame(self, base: Base) -> bool:
        """Whether the loss there is of a size that arithmetic can hold beside the one here."""
        here, there = abs(float(self.base.value(self.loss).sum())), abs(float(base.value(self.loss).sum()))
        return there <= 1e4 * max(here, 1.0)

    def right_with(self, sources: Sequence[Source], names: Sequence[str], rng: np.random.Generator) -> bool:
        """Whether parameters have the right gradient in a changed version of the program."""
        try:
            program = Program(self.step.program.path, sources, given=self.step.program.given)
            step = program.captured_at(program.loops[self.step.loop.number], self.hints.arguments)
            other = Analysis(step, self.hints, rng)
        except Exception:  # a change that does not run is no repair
            return False
        found = {p.name: p for p in other.parameters}
        for name in names:
            p = found.get(name)
            if p is None or not other.chain.ratio(Place(leaf=p.leaf), p.claim, p.factor, ()).right:
                return False
        return True

    def judgement(self) -> Judgement:
        """Pair everything, and hold every line against the chain rule."""
        pairing = Pairing(self.flow, self.chain, self.forward, self.parameters, self.given)
        totals = {p.claim.index: self.chain.ratio(Place(leaf=p.leaf), p.claim, p.factor, ()) for p in self.parameters}
        return Judgement(pairing, totals)


def _refresh(base: Base) -> None:
    """Take the values as they are where updates do nothing."""
    moved = _recorded(base)
    if moved is not None:
        base.trace = moved.trace


def _recorded(base: Base) -> Base | None:
    """The same point with the values that the step has there; None if it takes another branch."""
    from gradcheck.script.step import Trace

    events = base.trace.events
    actions = {}
    for event, path in base.neutral.items():
        start = base.leaf(path)
        key = base.neutral_keys.get(event)
        actions[event] = _back(start if key is None else start[key])
    seen = base.step.replay(actions, {e.index for e in events}, values=base.values)
    if seen is None:
        return None
    after = {i: action(None) for i, action in actions.items()}
    fresh = [replace(e, value=np.asarray(after.get(e.index, seen[e.index])).reshape(e.value.shape)) for e in events]
    trace = Trace(fresh, base.trace.before, base.trace.after)
    return Base(base.step, base.values, trace, base.name, base.neutral, base.neutral_keys)


def _back(value: Array) -> Any:
    return lambda _: value


def _no_update(step: Step, changed: Sequence[Any]) -> str:
    names = ", ".join(leaf.name for leaf in changed[:6])
    integers = [step.tape.sites[i] for i in step.tape.integers]
    text = (
        f"the loop in line {step.loop.line} updates no parameters: gradcheck looked for a float or an array of floats "
        "that the loss depends on and to which a pass of the loop adds something, as in w -= rate * dw"
    )
    if names:
        text += f" (what it changes: {names})"
    if integers:
        text += f"; {integers[0].target} in line {integers[0].line} is an array of integers: make it one of floats"
    return text


def _findings(
    analysis: Analysis,
    judgement: Judgement,
    subject: ProgramSubject,
    found: Check,
    rtol: float,
    rng: np.random.Generator,
    effort: Effort,
) -> tuple[Finding, ...]:
    """One finding for each line to blame; of parameters that no line explains, what is known of them."""
    if found.verdict is not Verdict.FAIL:
        judgement.accused = []
        return findings_of(found) if found.remarks else ()
    failed = {b.block.name for b in found.blocks if b.verdict is Verdict.FAIL}
    reached: set[str] = set()
    findings: list[Finding] = []
    for accused in judgement.accused:
        below = analysis.flow.descendants([accused.pair.node.index]) | {accused.pair.node.index}
        names = [p.name for p in analysis.parameters if p.claim.index in below and p.name in failed]
        if not names:
            continue
        reached |= set(names)
        finding = finding_of(analysis, judgement, accused, names, rtol, rng)
        fixed = repaired(analysis, accused, names, rng) if len(findings) < REPAIRED else None
        if fixed is not None:
            mistake = BY_SLUG.get(fixed.slug) if finding.slug == "unexplained" and fixed.slug else None
            if mistake is not None:
                head = finding.message.removesuffix("no known mistake explains how")
                finding = replace(finding, code=mistake.code, slug=mistake.slug, message=head + mistake.says)
            finding = replace(finding, fix=f"Write: {fixed.text}\nWith it the gradient by {', '.join(names)} is right.")
        elif finding.slug == "unexplained" and (read := judgement.read_by(accused)) is not None:
            judgement.open.add((accused.site.file, accused.site.line))
            text = f"line {read.site.line}: {read.label}, or what line {accused.site.line} makes of it, is wrong"
            finding = replace(finding, message=f"{text}: {finding.message}", line=read.site.line, file=read.site.file)
        findings.append(finding)
    rest = [i for i, b in enumerate(found.blocks) if b.block.name in failed - reached]
    if rest:
        chosen = replace(
            found,
            blocks=tuple(b if i in rest else replace(b, verdict=Verdict.PASS) for i, b in enumerate(found.blocks)),
        )
        for finding in findings_of(chosen, culprits(subject, chosen, rtol, rng, effort)):
            site = next((p.claim.site for p in analysis.parameters if p.name in finding.where), None)
            findings.append(replace(finding, file=site.file, line=site.line) if site else finding)
    return tuple(findings)


def repaired(analysis: Analysis, accused: Accused, names: list[str], rng: np.random.Generator) -> Edit | None:
    """The first small change of a line with which the gradients that it made wrong are right."""
    program = analysis.step.program
    site = accused.site
    text = program.sources[site.file].text
    limit = time.perf_counter() + PATIENCE
    others = _variables(analysis, accused)
    for edit in itertools.chain(edits(text, site.line), swaps(text, site.line, others)):
        if time.perf_counter() > limit:
            break
        pieces = [Source(f, edit.source if f == site.file else program.sources[f].text) for f in program.order]
        if site.file not in program.order:
            return None  # a module of the user's own: only the script itself is run again
        if analysis.right_with(pieces, names, rng):
            return edit
    return None


def _variables(analysis: Analysis, accused: Accused) -> list[str]:
    """Names of variables of the function that a line stands in, which could stand in it as well."""
    read = [analysis.flow.nodes[i] for i in analysis.flow.parents[accused.node.index]]
    shapes = {node.shape for node in read}
    found = []
    for node in analysis.flow.nodes:
        if node.site.function == accused.site.function and node.index != accused.node.index and node.shape in shapes:
            found += [name for name in node.names if name.isidentifier()]
    return list(dict.fromkeys(found))[:20]


def _notes(analysis: Analysis, judgement: Judgement) -> tuple[str, ...]:
    names = ", ".join(f"{p.name} (line {(p.updates or (p.claim,))[-1].site.line})" for p in analysis.parameters)
    loop = analysis.step.loop
    what = (
        f"One call of {loop.node.name}" if hasattr(loop.node, "name") else f"One pass of the loop in line {loop.line}"
    )
    notes = [
        f"{what} was replayed; the loss is {analysis.loss.label}, line {analysis.loss.site.line}; parameters: {names}"
    ]
    if len(analysis.bases) < 2:
        notes.append("The step takes another branch at other parameters: only the program's own point was looked at")
    carried = [
        f"{line.target} (line {line.line}) is {line.factor:.6g} times the derivative by {line.of}"
        for line in judgement.lines()
        if line.verdict is Verdict.PASS and line.factor is not None and abs(line.factor - 1) > 1e-6
    ]
    if carried:
        notes.append(f"By convention, made up for later: {'; '.join(carried[:6])}")
    return tuple(notes)
