"""Fault localisation: which part or block is wrong, and which mistake explains it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import tee

import numpy as np

from gradcheck.diagnosis.fit import Hypotheses, row_of
from gradcheck.diagnosis.measurements import Measurements, measurements
from gradcheck.diagnosis.mistakes.mistake import FactorMistake, Mistake
from gradcheck.diagnosis.naming import Diagnosis, diagnose, diagnose_with, loosely, roughly, together
from gradcheck.diagnosis.pattern import Pattern, pattern_among, pattern_of
from gradcheck.diagnosis.ranges import runs_of
from gradcheck.diagnosis.settings import DIAGNOSIS
from gradcheck.differences.powers import times_power_of_two
from gradcheck.probes.evaluator import Evaluator
from gradcheck.probes.place import Place
from gradcheck.probes.staircase import jumps_repeatedly
from gradcheck.subjects.spaces.numpy_space import NUMPY
from gradcheck.subjects.split import SplitSubject
from gradcheck.subjects.subject import Subject
from gradcheck.tracebacks import pass_on_signal
from gradcheck.verdicts.checker import CheckOptions, check
from gradcheck.verdicts.entry import Location, index_of
from gradcheck.verdicts.result import BlockResult, CheckResult
from gradcheck.verdicts.verdict import Verdict


@dataclass(frozen=True)
class Fault:
    """A block that is wrong, of the subject or of one of its parts.

    Attributes
    ----------
    where : str
        For reports: the block, or the part and what of it.
    result : BlockResult
    diagnosis : Diagnosis or None
    pattern : Pattern or None
        In which rows, columns, … the block is wrong, if not everywhere.
    affected : tuple of str
        Blocks of the whole subject that are wrong because of it.
    part : str
        Path of the part that is wrong; empty for a block of the whole.
    source : tuple of (str, int), or None
        File and line of the code of that part, if they are known.
    passed_down : bool
        Whether `where` names the user's layers behind the block, each of which is right on its own.
    trouble : str
        Why the diagnosis could not be made, if that is so.
    unsteady : str
        How the claim differs from call to call at one point, if it does.
    accounted : bool
        Whether the wrong entries that were found account for all that the claim is off by, as far as was measured.
    """

    where: str
    result: BlockResult
    diagnosis: Diagnosis | None = None
    pattern: Pattern | None = None
    affected: tuple[str, ...] = ()
    part: str = ""
    source: tuple[str, int] | None = None
    passed_down: bool = False
    trouble: str = ""
    unsteady: str = ""
    accounted: bool = True

    @property
    def few(self) -> bool:
        """Whether the wrong entries are all known, and few: then the places say more than a mistake of the block."""
        location = self.result.location
        if location is None or not self.accounted:
            return False
        if location.listed:
            return True
        wrong = sum(entry.wrong for entry in location.entries)
        some = 0 < wrong <= max(1, DIAGNOSIS.few_part * len(location.entries))
        return location.counted and self.result.block.size > 1 and some

    @property
    def blocks(self) -> tuple[str, ...]:
        """Blocks of the whole subject that it is about."""
        return self.affected or (self.result.block.name,)


def locate_faults(
    evaluator: Evaluator,
    found: CheckResult,
    rtol: float,
    rng: np.random.Generator,
    *,
    loss_accuracy: float | None = None,
    iterates: Callable[[], bool] = lambda: False,
) -> list[Fault]:
    """Find what is wrong in the blocks that failed: parts by a check of their own, then the blocks that are left.

    `iterates` tells whether there is known to be a solver in the loss; it is asked only where that matters.
    """
    failed = [i for i, block in enumerate(found.blocks) if block.verdict is Verdict.FAIL and block.screening]
    if not failed:
        return []
    evaluator.enter("what the mistake is")
    with evaluator.subject.session():
        names = [found.blocks[i].block.name for i in failed]
        faults = _of_parts(evaluator, names, CheckOptions(rtol, loss_accuracy=loss_accuracy), rng)
        explained = {name for fault in faults for name in fault.affected}
        rest = [i for i in failed if found.blocks[i].block.name not in explained]
        deciding: dict[int, tuple[Evaluator, list[int]]] = {}  # what has smaller tolerances shows mistakes sharply
        for i in rest:
            screening = found.blocks[i].screening
            own = evaluator if screening is None else screening.prober.evaluator
            deciding.setdefault(id(own), (own, []))[1].append(i)
        left = [fault for own, some in deciding.values() for fault in diagnosed(own, found, some, rtol, rng, iterates)]
        return faults + _passed_down(left, evaluator.subject)


def _passed_down(faults: Sequence[Fault], subject: Subject) -> list[Fault]:
    """Faults of blocks; those whose derivative is not the user's code become one, of what reaches them."""
    found: list[Fault] = []
    reached: dict[tuple[str, ...], list[Fault]] = {}
    for fault in faults:
        try:
            sources = subject.passed_down_by(fault.result.block.name)
        except Exception as error:  # layers that cannot be copied
            pass_on_signal(error)
            sources = ()
        if sources:
            reached.setdefault(sources, []).append(fault)
        else:
            found.append(fault)
    for sources, these in reached.items():
        blocks = tuple(fault.result.block.name for fault in these)
        where = f"{' or '.join(sources)}, by what reaches {', '.join(blocks)}"
        found.append(replace(these[0], where=where, affected=blocks, passed_down=True))
    return found


def _of_parts(
    evaluator: Evaluator, failed: Sequence[str], options: CheckOptions, rng: np.random.Generator
) -> list[Fault]:
    """Faults of parts that fail a check of their own; a part that contains a faulty one is not checked."""
    faults = _of_these(evaluator, _innermost_first(evaluator.subject.parts), failed, options, rng)
    if set(failed) <= {name for fault in faults for name in fault.affected}:
        return faults
    explained = [fault.part for fault in faults]
    again = _innermost_first(evaluator.subject.parts_in_place)
    return faults + _of_these(evaluator, again, failed, options, rng, explained)


def _of_these(
    evaluator: Evaluator,
    parts: Sequence[Subject],
    failed: Sequence[str],
    options: CheckOptions,
    rng: np.random.Generator,
    known: Sequence[str] = (),
) -> list[Fault]:
    """Faults of some parts; `known` has the places of those that are faulty already."""
    faults: list[Fault] = []
    faulty = list(known)
    for part in parts:
        if any(place == part.place or place.startswith(f"{part.place}.") for place in faulty):
            continue
        own = evaluator.of_part(part)
        try:
            with part.session():
                result = check(own, options, rng)
                wrong = [i for i, b in enumerate(result.blocks) if b.verdict is Verdict.FAIL]
                if not wrong:
                    continue
                faulty.append(part.place)
                finite = [i for i in wrong if result.blocks[i].screening is not None]
                inside = diagnosed(own, result, finite, options.rtol, rng)
                inside += [Fault("", result.blocks[i]) for i in wrong if i not in finite]
        except Exception as error:  # the user's code, which may not work alone: then the whole is diagnosed instead
            pass_on_signal(error)
            continue
        for fault in inside:
            name = fault.result.block.name
            affected = _affected(part, name, failed)
            if affected:
                own_block = f"{part.place}.{name}"
                noun = "input" if len(part.inputs) == 1 else f"argument {name}"
                noun = name if part.place == "loss" else noun
                where = own_block if own_block in failed else f"{part.name}, with respect to its {noun}"
                if part.users_inside:
                    where = f"{' or '.join(part.users_inside)}, inside {where}"
                faults.append(
                    replace(
                        fault,
                        where=where,
                        affected=affected,
                        part=part.place,
                        source=part.source,
                        passed_down=bool(part.users_inside),
                    )
                )
    return faults


def _innermost_first(parts: Callable[[], Iterator[Subject]]) -> list[Subject]:
    """The parts, those inside others first; none if they cannot be made."""
    try:
        return sorted(parts(), key=lambda part: -part.place.count("."))
    except Exception as error:  # layers that cannot be copied
        pass_on_signal(error)
        return []


def _affected(part: Subject, name: str, failed: Sequence[str]) -> tuple[str, ...]:
    """Blocks of the whole that are wrong if a block of a part is: itself, or whatever its input depends on."""
    if name in part.inputs:
        return tuple(block for block in failed if block in part.inputs[name])
    return tuple(block for block in failed if block == f"{part.place}.{name}")


def diagnosed(
    evaluator: Evaluator,
    found: CheckResult,
    wrong: Sequence[int],
    rtol: float,
    rng: np.random.Generator,
    iterates: Callable[[], bool] = lambda: False,
) -> list[Fault]:
    """What explains each of the blocks that failed."""
    if not wrong:
        return []
    hypotheses = Hypotheses(evaluator.subject, ())
    nearer: Iterator[Hypotheses] = iter(())
    trouble = ""
    isolated = all(_isolated(found.blocks[i]) for i in wrong)
    affordable = evaluator.left >= DIAGNOSIS.least_budget
    if not isolated and affordable and not found.observed("nondeterministic"):
        try:
            here, points = measurements(evaluator, rtol, rng)
            there = next(points, None)
            hypotheses = Hypotheses(evaluator.subject, (here,) if there is None else (here, there))
            nearer = (Hypotheses(evaluator.subject, (here, point)) for point in points)
        except Exception as error:
            pass_on_signal(error)
            trouble = _trouble(error)
    faults: list[Fault] = []
    served = Served()
    for i in wrong:
        fault = Fault(found.blocks[i].block.name, found.blocks[i], trouble=trouble)
        try:
            if not faults and len(wrong) >= DIAGNOSIS.jointly and hypotheses.views:
                same = together(hypotheses, wrong)
                if same is not None:
                    same = replace(same, exponent=evaluator.subject.exponent)
                    return [Fault(found.blocks[j].block.name, found.blocks[j], same) for j in wrong]
            again = served.explains(i) if not _isolated(found.blocks[i]) else None
            if again is not None:
                faults.append(replace(fault, diagnosis=again))
                continue
            fault = _explained(fault, hypotheses, i)
            served.note(hypotheses, fault)
            pieces = _in_pieces(evaluator, fault, hypotheses, i, rtol, rng)
            if pieces:
                faults += pieces
                continue
            if fault.diagnosis is None and not fault.unsteady and not fault.few:
                nearer, these = tee(nearer)  # made once, for all blocks
                for closer in these:
                    diagnosis = diagnose(closer, i)
                    if diagnosis is not None:
                        fault = replace(fault, diagnosis=diagnosis, pattern=None)
                        served.note(closer, fault)
                        break
                if fault.diagnosis is None and fault.result.spread is None:
                    fault = replace(fault, diagnosis=roughly(hypotheses, i) or _loosely(fault, hypotheses, i, iterates))
            faults.append(fault)
        except Exception as error:
            pass_on_signal(error)
            faults.append(replace(fault, trouble=_trouble(error)))
    return [_for_user(fault, evaluator.subject.exponent) for fault in faults]


def _loosely(fault: Fault, hypotheses: Hypotheses, i: int, iterates: Callable[[], bool]) -> Diagnosis | None:
    """A sign or a factor of two that explains a fault up to what a solver in the loss leaves, if there is one."""
    found, screening = loosely(hypotheses, i), fault.result.screening
    if found is None or found.fit is None or screening is None:
        return None
    comparison = screening.comparison
    corrected = replace(comparison, claimed=comparison.claimed / found.fit.factor)
    return found if iterates() or jumps_repeatedly(screening.prober, screening.line, corrected) else None


def _for_user(fault: Fault, exponent: int) -> Fault:
    """The fault with evidence in the units of the user's loss."""
    if fault.diagnosis is None or not exponent:
        return fault
    return replace(fault, diagnosis=replace(fault.diagnosis, exponent=exponent))


def _in_pieces(
    evaluator: Evaluator, fault: Fault, hypotheses: Hypotheses, i: int, rtol: float, rng: np.random.Generator
) -> list[Fault]:
    """Faults of the parts of a vector that are wrong in one way each; none where it has no such parts, or one no name.

    Parameters that are packed into one vector are wrong in the part that holds one of them. The ends of a part may be
    right by chance: the first and last entry of a matrix are, if it is transposed.
    """
    block, subject = fault.result.block, evaluator.subject
    if fault.diagnosis is not None or fault.unsteady or not hypotheses.views or len(block.shape) != 1:
        return []
    view = hypotheses.views[0 if fault.result.place is Place.USER else -1]
    if subject.space is not NUMPY or view.context.view is not None or (fault.few and not _in_runs(fault.result)):
        return []
    wrong = [(run.low, run.high) for run in runs_of(view, i) if not run.right and run.length >= DIAGNOSIS.least_run]
    for wider in (0, 1) if wrong else ():
        parts = [(max(0, low - wider), min(block.size, high + wider)) for low, high in wrong]
        edges = sorted({0, block.size, *itertools.chain.from_iterable(parts)})
        split = SplitSubject(subject, i, edges)
        if not set(parts) <= set(split.pieces):
            continue
        here, points = measurements(evaluator.in_other_blocks(split), rtol, rng)
        closer: Iterator[Hypotheses] = (Hypotheses(split, (here, point)) for point in points)
        found = []
        for low, high in parts:
            closer, these = tee(closer)
            tried = (diagnose(known, split.pieces[low, high]) for known in these)
            explained = next((diagnosis for diagnosis in tried if diagnosis is not None), None)
            if explained is None:
                break
            where, result = split.blocks[split.pieces[low, high]].name, _within(fault.result, low, high)
            found.append(replace(fault, where=where, result=result, diagnosis=explained, pattern=None))
        if len(found) == len(parts):
            return found
    return []


def _within(result: BlockResult, low: int, high: int) -> BlockResult:
    """The result of a vector with the measured entries of a part of it alone."""
    if result.location is None:
        return result
    entries = tuple(entry for entry in result.location.entries if low <= entry.index[0] < high)
    return replace(result, location=Location(result.location.materiality, entries, complete=False))


def _in_runs(result: BlockResult) -> bool:
    """Whether the wrong entries that were found in a vector are successive ones, a few right ones among them or not."""
    wrong = [entry.index[0] for entry in (result.location.entries if result.location else ()) if entry.wrong]
    if len(result.block.shape) != 1 or len(wrong) < DIAGNOSIS.least_run:
        return False
    near = [
        one for one in wrong if sum(abs(one - other) < DIAGNOSIS.least_run for other in wrong) >= DIAGNOSIS.least_run
    ]
    return len(near) == len(wrong)


class Served:
    """The points and the mistake that explained the block before; they are tried first for the next one."""

    def __init__(self) -> None:
        self._hypotheses: Hypotheses | None = None
        self._mistake: Mistake | None = None

    def note(self, hypotheses: Hypotheses, fault: Fault) -> None:
        """Remember what explained a fault, if anything did; a constant factor needs no such memory."""
        if fault.diagnosis is not None and len(fault.diagnosis.named) == 1:
            mistake = fault.diagnosis.named[0].mistake
            self._hypotheses, self._mistake = hypotheses, None if isinstance(mistake, FactorMistake) else mistake

    def explains(self, block: int) -> Diagnosis | None:
        """What the mistake before says of another block, unless a constant factor explains that one."""
        if self._hypotheses is None or self._mistake is None:
            return None
        return diagnose_with(self._hypotheses, block, self._mistake)


def _trouble(error: Exception) -> str:
    """What the user's code raised at a point, or on a part of the batch, where it had not been called before."""
    return f"the search for a known mistake ended with {type(error).__name__}: {error}"


def _explained(fault: Fault, hypotheses: Hypotheses, i: int) -> Fault:
    """The fault with its diagnosis, or else with the pattern of what is wrong."""
    result, location = fault.result, fault.result.location
    views = hypotheses.views
    diagnosis = diagnose(hypotheses, i) if views and not _isolated(result) else None
    pattern, accounted = None, True
    if diagnosis is None and views and location is not None and result.place is Place.USER:
        standing_out = location.background > 0  # from what a solver's tolerance leaves in the others
        accounted = standing_out or _accounted(views[0], i, location)
    if diagnosis is None and accounted and location is not None and (location.listed or location.counted):
        pattern = pattern_among([entry.index for entry in location.entries if entry.wrong], result.block.shape)
    elif diagnosis is None and views:
        pattern = pattern_of(views[0 if result.place is Place.USER else -1], i)
    unsteady = _unsteady(views[0], i, result) if diagnosis is None and views else ""
    return replace(fault, diagnosis=diagnosis, pattern=pattern, unsteady=unsteady, accounted=accounted)


def _accounted(view: Measurements, block: int, location: Location) -> bool:
    """Whether the wrong entries account for the gap along every direction: then no others are off by as much.

    Where little can be proved, as in float16, the entries that can be are no list of those that are wrong.
    """
    wrong = [entry for entry in location.entries if entry.wrong]
    for slope in view.slopes(block):
        row = row_of(view, view.claim[block], slope.along, slope)
        power = -view.prober.subject.exponent  # entries are in the units of the user's loss
        moved = [(entry, times_power_of_two(float(slope.along[entry.index]), power)) for entry in wrong]
        found = math.fsum(entry.gap * along for entry, along in moved)
        error = math.fsum(entry.error * abs(along) for entry, along in moved)
        limit = DIAGNOSIS.pattern_clearness * (row.error + error) + row.tolerance
        if abs(row.claimed - row.expected - found) > limit:
            return False
    return True


def _unsteady(view: Measurements, block: int, result: BlockResult) -> str:
    """How the claim for a block differs when it is computed again at the same point; empty if it does not.

    A claim that differs by rounding alone, as parallel sums do, is steady. One that grows by the gradient at each call
    is a mistake of its own, and is named before. What was claimed when the entries were measured counts as well.
    """
    shape = view.prober.subject.blocks[block].shape
    calls = [gradient[block].ravel() for gradient in (view.claim, *view.context.repeated)]
    largest = max((float(np.abs(g).max(initial=0.0)) for g in calls), default=0.0)
    limit = DIAGNOSIS.unsteady_part * largest
    entries = result.location.entries if result.location is not None and result.place is Place.USER else ()
    exponent = view.prober.subject.exponent
    for entry in entries:
        before = times_power_of_two(entry.claimed, -exponent)
        after = float(view.claim[block][entry.index])
        if abs(before - after) > limit:
            return _differs(entry.index, [before, after])
    spread = max(calls, key=lambda g: float(np.abs(g - calls[0]).max(initial=0.0)))
    place = int(np.abs(spread - calls[0]).argmax()) if spread.size else 0
    if not spread.size or not abs(spread[place] - calls[0][place]) > limit:
        return ""
    return _differs(index_of(place, shape), [float(g[place]) for g in calls])


def _differs(index: tuple[int, ...], values: Sequence[float]) -> str:
    shown = ", then ".join(f"{value:.6g}" for value in values)
    return f"entry {list(index)} of the claimed gradient at one and the same point is {shown}"


def _isolated(result: BlockResult) -> bool:
    """Whether all wrong entries are known, and so few that no mistake of the whole block is looked for."""
    location, most = result.location, DIAGNOSIS.isolated_part * result.block.size
    if location is None or result.screening is None or not location.listed:
        return False
    if _in_runs(result):
        return False
    whole = result.screening.comparison
    return len(location.entries) <= most and whole.error_bar <= DIAGNOSIS.isolated_sharp * whole.norm
