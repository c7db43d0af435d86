"""Fault localisation: which part or block is wrong, and which mistake explains it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import tee

import numpy as np

from gradcheck.diagnosis.fit import Hypotheses
from gradcheck.diagnosis.measurements import Measurements, measurements
from gradcheck.diagnosis.naming import Diagnosis, diagnose, together
from gradcheck.diagnosis.pattern import Pattern, pattern_among, pattern_of
from gradcheck.diagnosis.settings import DIAGNOSIS
from gradcheck.probes.evaluator import Evaluator
from gradcheck.probes.place import Place
from gradcheck.subjects.subject import Subject
from gradcheck.verdicts.checker import CheckOptions, check
from gradcheck.verdicts.entry import index_of
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
    trouble : str
        Why the diagnosis could not be made, if that is so.
    unsteady : str
        How the claim differs from call to call at one point, if it does.
    """

    where: str
    result: BlockResult
    diagnosis: Diagnosis | None = None
    pattern: Pattern | None = None
    affected: tuple[str, ...] = ()
    trouble: str = ""
    unsteady: str = ""

    @property
    def few(self) -> bool:
        """Whether the wrong entries are all known, and few: then the places say more than a mistake of the block."""
        location = self.result.location
        if location is None or location.listed:
            return location is not None
        wrong = sum(entry.wrong for entry in location.entries)
        some = 0 < wrong <= max(1, DIAGNOSIS.few_part * len(location.entries))
        return location.complete and self.result.block.size > 1 and some

    @property
    def blocks(self) -> tuple[str, ...]:
        """Blocks of the whole subject that it is about."""
        return self.affected or (self.result.block.name,)


def locate_faults(evaluator: Evaluator, found: CheckResult, rtol: float, rng: np.random.Generator) -> list[Fault]:
    """Find what is wrong in the blocks that failed: parts by a check of their own, then the blocks that are left."""
    failed = [i for i, block in enumerate(found.blocks) if block.verdict is Verdict.FAIL and block.screening]
    if not failed:
        return []
    evaluator.enter("what the mistake is")
    with evaluator.subject.session():
        names = [found.blocks[i].block.name for i in failed]
        faults = _of_parts(evaluator, names, rtol, rng)
        explained = {name for fault in faults for name in fault.affected}
        rest = [i for i in failed if found.blocks[i].block.name not in explained]
        return faults + diagnosed(evaluator, found, rest, rtol, rng)


def _of_parts(evaluator: Evaluator, failed: Sequence[str], rtol: float, rng: np.random.Generator) -> list[Fault]:
    """Faults of parts that fail a check of their own; a part that contains a faulty one is not checked."""
    faults: list[Fault] = []
    faulty: list[str] = []
    for part in _innermost_first(evaluator.subject):
        if any(place.startswith(f"{part.place}.") for place in faulty):
            continue
        own = evaluator.of_part(part)
        try:
            with part.session():
                result = check(own, CheckOptions(rtol), rng)
                wrong = [i for i, b in enumerate(result.blocks) if b.verdict is Verdict.FAIL]
                if not wrong:
                    continue
                faulty.append(part.place)
                finite = [i for i in wrong if result.blocks[i].screening is not None]
                inside = diagnosed(own, result, finite, rtol, rng)
                inside += [Fault("", result.blocks[i]) for i in wrong if i not in finite]
        except Exception:  # the user's code, which may not work alone: then the whole is diagnosed instead
            continue
        for fault in inside:
            name = fault.result.block.name
            affected = _affected(part, name, failed)
            if affected:
                own_block = f"{part.place}.{name}"
                noun = "input" if part.place != "loss" else name
                where = own_block if own_block in failed else f"{part.name}, with respect to its {noun}"
                faults.append(replace(fault, where=where, affected=affected))
    return faults


def _innermost_first(subject: Subject) -> list[Subject]:
    """The parts, those inside others first; none if they cannot be made."""
    try:
        return sorted(subject.parts(), key=lambda part: -part.place.count("."))
    except Exception:  # layers that cannot be copied
        return []


def _affected(part: Subject, name: str, failed: Sequence[str]) -> tuple[str, ...]:
    """Blocks of the whole that are wrong if a block of a part is: itself, or whatever its input depends on."""
    if name == part.input_block:
        return tuple(block for block in failed if block in part.input_depends_on)
    return tuple(block for block in failed if block == f"{part.place}.{name}")


def diagnosed(
    evaluator: Evaluator, found: CheckResult, wrong: Sequence[int], rtol: float, rng: np.random.Generator
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
            trouble = _trouble(error)
    faults: list[Fault] = []
    for i in wrong:
        fault = Fault(found.blocks[i].block.name, found.blocks[i], trouble=trouble)
        try:
            if not faults and len(wrong) >= DIAGNOSIS.jointly and hypotheses.views:
                same = together(hypotheses, wrong)
                if same is not None:
                    return [Fault(found.blocks[j].block.name, found.blocks[j], same) for j in wrong]
            fault = _explained(fault, hypotheses, i)
            if fault.diagnosis is None and not fault.unsteady and not fault.few:
                nearer, these = tee(nearer)  # made once, for all blocks
                fault = _explained_nearer(fault, these, i)
            faults.append(fault)
        except Exception as error:
            faults.append(replace(fault, trouble=_trouble(error)))
    return faults


def _explained_nearer(fault: Fault, nearer: Iterable[Hypotheses], i: int) -> Fault:
    """A fault that the farthest second point has not explained, with the explanation of a nearer one, if any."""
    for hypotheses in nearer:
        diagnosis = diagnose(hypotheses, i)
        if diagnosis is not None:
            return replace(fault, diagnosis=diagnosis, pattern=None)
    return fault


def _trouble(error: Exception) -> str:
    """What the user's code raised at a point, or on a part of the batch, where it had not been called before."""
    return f"the search for a known mistake ended with {type(error).__name__}: {error}"


def _explained(fault: Fault, hypotheses: Hypotheses, i: int) -> Fault:
    """The fault with its diagnosis, or else with the pattern of what is wrong."""
    result, location = fault.result, fault.result.location
    views = hypotheses.views
    diagnosis = diagnose(hypotheses, i) if views and not _isolated(result) else None
    pattern = None
    if diagnosis is None and location is not None and (location.listed or location.complete):
        pattern = pattern_among([entry.index for entry in location.entries if entry.wrong], result.block.shape)
    elif diagnosis is None and views:
        pattern = pattern_of(views[0 if result.place is Place.USER else -1], i)
    unsteady = _unsteady(views[0], i) if diagnosis is None and views else ""
    return replace(fault, diagnosis=diagnosis, pattern=pattern, unsteady=unsteady)


def _unsteady(view: Measurements, block: int) -> str:
    """How the claim for a block differs when it is computed again at the same point; empty if it does not.

    A claim that differs by rounding alone, as parallel sums do, is steady. One that grows by the gradient at each call
    is a mistake of its own, and is named before.
    """
    calls = [gradient[block].ravel() for gradient in view.context.repeated]
    spread = max(calls, key=lambda g: float(np.abs(g - calls[0]).max(initial=0.0)))
    place = int(np.abs(spread - calls[0]).argmax()) if spread.size else 0
    largest = max((float(np.abs(g).max(initial=0.0)) for g in calls), default=0.0)
    if not spread.size or not abs(spread[place] - calls[0][place]) > DIAGNOSIS.unsteady_part * largest:
        return ""
    index = index_of(place, view.prober.subject.blocks[block].shape)
    values = ", then ".join(f"{float(g[place]):.6g}" for g in calls)
    return f"entry {list(index)} of the claimed gradient at one and the same point is {values}"


def _isolated(result: BlockResult) -> bool:
    """Whether all wrong entries are known, and so few that no mistake of the whole block is looked for."""
    location, most = result.location, DIAGNOSIS.isolated_part * result.block.size
    return location is not None and location.listed and len(location.entries) <= most
