"""The wrong lines of a step, by a recording of it at each base point; and what every recorded line computes."""

from __future__ import annotations

import ast
import operator
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from gradcheck.diagnosis.finding import Finding
from gradcheck.diagnosis.findings import guard_finding
from gradcheck.diagnosis.mistakes import BY_SLUG
from gradcheck.recording.blame import Blame
from gradcheck.recording.budget import Budget
from gradcheck.recording.explain import Explanation, explained, lines_of
from gradcheck.recording.guards import ignored_guard
from gradcheck.recording.operations import MOVES
from gradcheck.recording.record import Recording, equal
from gradcheck.recording.remedies import Faulty
from gradcheck.recording.repair import Repair, edits_of
from gradcheck.recording.rules import NoRule
from gradcheck.recording.sampling import sampled_states
from gradcheck.recording.selection import Constants, Edits, agrees, confirmed, singled_out, tried_repairs
from gradcheck.recording.settings import RECORDING
from gradcheck.reports.data import LineReport
from gradcheck.scripts.analysis import Analysis
from gradcheck.scripts.instrument.events import Diverged
from gradcheck.scripts.record.naming import name_of
from gradcheck.scripts.record.patch import EventMap, PatchedExpression, calls_program
from gradcheck.scripts.record.recorded_step import StepRecording, record_step
from gradcheck.tracebacks import pass_on_signal
from gradcheck.verdicts.result import CheckResult
from gradcheck.verdicts.verdict import Verdict

#: Mistakes that the recorded values show by themselves.
_CERTAIN = (
    *("sign-flipped", "constant-factor", "mean-sum"),
    *("extra-activation-derivative", "regulariser-extra", "regulariser-missing"),
)

#: Entries of values that edits which are tried may compute, and edits that are tried in any case.
_MOST_ENTRIES, _FEWEST_EDITS = 5e8, 20

#: A line of numbers that runs at least this often, of which at least this part is right, is not called wrong by itself.
_MANY_RUNS, _OFTEN_RIGHT = 12, 0.2

#: Names that say less than the edit that undoes a mistake.
_COARSE = ("zero-gradient", "isolated-entries", "missing-path", "missing-activation-derivative")


class RecordedLines:
    """The lines of the backward pass of a step.

    Parameters
    ----------
    analysis : Analysis
    found : CheckResult
        The verdict on each parameter.
    recorded : sequence of StepRecording
        The last one is searched.
    rtol : float
    """

    def __init__(self, analysis: Analysis, found: CheckResult, recorded: Sequence[StepRecording], rtol: float) -> None:
        self._analysis, self._found, self._recorded, self._rtol = analysis, found, recorded, rtol
        self._names = [p.name for p in analysis.parameters]
        blocks = {block.block.name: block for block in found.blocks}
        self._wrong = [i for i, name in enumerate(self._names) if blocks[name].verdict is Verdict.FAIL]
        entries = sum(np.size(value.array) for each in recorded for value in each.recording.graph.values)
        most = max(int(_MOST_ENTRIES / max(entries, 1)), _FEWEST_EDITS)
        self._edits = Edits(self._try_edits, Budget(min(most, RECORDING.most_repairs)))

    @cached_property
    def _blame(self) -> Blame:
        return Blame(self._recorded[-1].recording, self._wrong)

    @property
    def right(self) -> bool:
        """Whether any gradient is right."""
        return bool(self._blame.backward.right)

    def is_related(self, *, strictly: bool = False) -> bool:
        """Whether the gradients read anything that the loss is made of, or compute it again.

        Of a loss that is made of the parameters alone everything is; `strictly`, they read its very data.
        """
        blame, recording = self._blame, self._recorded[-1].recording
        graph, leaves = recording.graph, {i for ids in recording.parameters for i in ids}
        above = graph.ancestors(i for i in recording.claims if i is not None)
        data = {
            i
            for i in graph.ancestors(recording.adjoints.of) - leaves
            if graph.values[i].function is None and np.size(graph.values[i].array) > 1
        }
        if strictly or not data or (data & above and not self._reads_less(data, above)):
            return bool(data & above) or not strictly
        inner = [graph.values[i] for i in above if i not in leaves and graph.values[i].function is not None]
        if data & above:  # one sample of many, say: what is made of it and of the parameters
            inner = [
                v
                for v in inner
                if blame.dataflow.is_active(v) and not (v.function in MOVES and leaves >= set(v.inputs))
            ]
        return bool(blame.backward.right) or any(
            v.id in recording.adjoints.of or (np.size(v.array) > 1 and blame.backward.matches.is_forward(v.array))
            for v in inner
        )

    def _reads_less(self, data: set[int], above: set[int]) -> bool:
        """Whether the gradients read parts of the loss's data alone, as of one sample, and the loss all of it."""
        graph = self._recorded[-1].recording.graph
        of_loss = graph.ancestors(self._recorded[-1].recording.adjoints.of)
        sizes = {i: np.size(graph.values[i].array) for i in data}
        own, whole = (dict.fromkeys(data, 0) for _ in range(2))  # entries that are read
        for value in graph.values:
            for i in data.intersection(value.inputs):
                entries = np.size(value.array) if value.function is operator.getitem else sizes[i]
                own[i] += entries * (value.id in above)
                whole[i] += entries * (value.id in of_loss)
        read = {np.shape(graph.values[i].array) for i in data & above}
        return any(
            own[i] < sizes[i] <= whole[i] and (own[i] > 0 or np.shape(graph.values[i].array) in read) for i in data
        )

    def guard(self) -> Finding | None:
        """The guard of the loss that all wrong gradients ignore, at each base point; None if there is none."""
        found = [ignored_guard(each.recording, self._wrong) for each in self._recorded]
        if not self._wrong or any(each is None or each.site is None for each in found):
            return None
        recording, value = self._recorded[-1].recording, found[-1]
        assert value is not None
        assert value.site is not None
        site = recording.sites[value.site]
        unit = recording.units[site.unit]
        return guard_finding(site.text, unit.file, unit.line, [self._names[i] for i in self._wrong])

    @property
    def samples_states(self) -> bool:
        """Whether random states are drawn with probabilities that the parameters make, as by a Boltzmann machine."""
        recording = self._recorded[-1].recording
        leaves = {i for ids in recording.parameters for i in ids}
        return bool(sampled_states(recording.graph, leaves))

    def explanations(self, counts: dict[int, str], rng: np.random.Generator) -> list[Explanation]:
        """The wrong lines that the evidence singles out, with the mistake in each."""
        blame = self._blame
        faulty = blame.lines() if blame.backward.claims else []
        if not faulty:
            return []
        other = self._recorded[0].recording if len(self._recorded) > 1 else None
        faulty = confirmed(blame, faulty, other, self._wrong)
        repairs = tried_repairs(blame, faulty, self._edits)
        accused = [each for each in singled_out(blame, faulty, repairs) if each[1] or not self._is_often_right(each[0])]
        return [self._explained(each, repair, counts, rng) for each, repair in accused]

    def _is_often_right(self, faulty: Faulty) -> bool:
        """Whether a line of numbers, as in the classes of a scalar engine, is right in many of its runs in one step.

        What is wrong in the others may be what it reads, since equal numbers may be derivatives of different values.
        """
        graph, own = self._blame.recording.graph, self._blame.recording.graph.values[faulty.value]
        runs = [v for v in graph.values if v.site == own.site and v.function is own.function and np.any(v.array)]
        if np.size(own.array) != 1 or len(runs) < _MANY_RUNS:
            return False
        right = sum(any(match.exact for match in self._blame.backward.meaning_of(value.array)) for value in runs)
        return _OFTEN_RIGHT * len(runs) <= right < len(runs)  # of a line that is always right another use is wrong

    def _explained(
        self, faulty: Faulty, repair: Repair | None, counts: dict[int, str], rng: np.random.Generator
    ) -> Explanation:
        """The mistake in a line: by the constant or slope that it is off by, by the catalogue, or by its repair."""
        found = explained(self._blame, faulty, self._names, counts, repair)
        if explained(self._blame, faulty, self._names, counts).slug in _CERTAIN:
            return found
        named = name_of(self._blame, faulty, self._names, counts, self._rtol, rng)
        if named is None or (repair is not None and found.slug == repair.slug and named.slug in _COARSE):
            return found
        head = found.message.rpartition(": ")[0]
        evidence = "\n".join(filter(None, (named.evidence, found.evidence)))
        code = BY_SLUG[named.slug].code
        return replace(found, code=code, slug=named.slug, message=f"{head}: {named.message}", evidence=evidence)

    def reports(self, explanations: Sequence[Explanation]) -> list[LineReport]:
        """Each line that computes derivatives, and the wrong ones, in the order of the source."""
        found = []
        for fact in lines_of(self._blame, explanations, self._names):
            unit, verdict = fact.unit, Verdict.FAIL if fact.wrong else Verdict.PASS
            found.append(LineReport(unit.file, unit.line, fact.target, fact.of, verdict, fact.factor, unit.text))
        return found

    # -- repairs -------------------------------------------------------------------------------------------------------

    def _try_edits(self, number: int, wider: bool, constants: Constants, budget: Budget) -> Repair | None:
        """The first edit of a unit with which all gradients are exact; each edit takes one of the budget."""
        unit = self._blame.recording.units[number]
        source = self._analysis.step.program.sources.get(unit.file)
        if source is None or not all(each.recording.calls.are_careful for each in self._recorded):
            return None  # compiled code that another array might make write anywhere
        patched = PatchedExpression(self._analysis.step, unit.file, unit.span)
        try:
            with patched.active() as unchanged:
                calls = calls_program(patched.original.expression)
                for slug, shown, text in edits_of(unit, source.text, source.tree(), wider=wider, constants=constants):
                    if budget.is_spent:
                        break
                    budget.spend(1)
                    try:
                        patched.put(ast.parse(f"({text}\n)", mode="eval").body)
                        right = self._is_right(patched.event_map() if calls else unchanged)
                    except (Diverged, SyntaxError, ValueError):
                        continue  # it does not run, or has another shape
                    if right:
                        return Repair(unit, slug, shown)
        except (Diverged, SyntaxError):  # the expression cannot be patched
            pass
        return None

    def _is_right(self, events: EventMap) -> bool:
        """Whether the claims are the exact gradients at each base point, of the same loss."""
        return all(self._is_right_at(each, events) for each in self._recorded)

    def _is_right_at(self, recorded: StepRecording, events: EventMap) -> bool:
        analysis, base = self._analysis, recorded.base
        nodes = [events.node(node) for node in (*(p.claim for p in analysis.parameters), analysis.loss)]
        seen = events.base(base).run(nodes)
        if seen is None or not equal(base.value(analysis.loss), seen[-1], recorded.recording.tolerance):
            return False
        blocks = {block.block.name: block for block in self._found.blocks}
        tolerances = {Verdict.FAIL: recorded.recording.tolerance, Verdict.PASS: self._rtol}
        for parameter, value, truth in zip(analysis.parameters, seen, recorded.gradients, strict=False):
            tolerance = tolerances.get(blocks[parameter.name].verdict)
            if tolerance is not None and truth is not None and not equal(truth, parameter.gradient(value), tolerance):
                return False
        return True


def recorded_lines(analysis: Analysis, found: CheckResult, rtol: float) -> RecordedLines | None:
    """Record the step at its base points; None if the recorder cannot follow it, or disagrees with the verdicts."""
    if analysis.step.carries_over:
        return None  # the gradient and its loss are of two iterations
    recorded = []
    for base in analysis.bases:
        try:
            made = record_step(analysis, base)
        except NoRule:
            return None
        except Exception as error:  # what the program does only where it is not rewritten
            pass_on_signal(error)
            return None
        if made is None or not _is_trusted(analysis, found, made.recording, rtol):
            return None
        recorded.append(made)
    return RecordedLines(analysis, found, recorded, rtol)


def _is_trusted(analysis: Analysis, found: CheckResult, recording: Recording, rtol: float) -> bool:
    blocks = {block.block.name: block for block in found.blocks}
    own = [blocks[parameter.name] for parameter in analysis.parameters]
    return agrees(recording, [block.verdict is Verdict.PASS and block.measured for block in own], rtol)
