"""What is to blame: layers by their own check, then blocks, each with the mistake that explains it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradcheck.diagnosis.fit import Evidence
from gradcheck.diagnosis.measurements import Vantage, vantages
from gradcheck.diagnosis.naming import Diagnosis, diagnose, together
from gradcheck.diagnosis.pattern import pattern_among, pattern_of
from gradcheck.probes.budget import Effort
from gradcheck.subjects.subject import Subject
from gradcheck.verdicts.checker import check
from gradcheck.verdicts.result import BlockCheck, Check
from gradcheck.verdicts.verdict import Verdict

#: What a diagnosis needs of the budget to be begun.
LEAST = 60

#: So many blocks that are wrong are first looked at together: a sign or a mean is often wrong in all of them.
SEVERAL = 3

#: Wrong entries that are no more than this part of a block are wrong by themselves.
FEW = 0.02


@dataclass(frozen=True)
class Culprit:
    """A block that is wrong, of the subject or of one of its parts.

    Attributes
    ----------
    where : str
        The block, or the part and what of it.
    check : BlockCheck
    diagnosis : Diagnosis or None
    pattern : str
        In which rows, columns, … it is wrong, if not everywhere.
    affected : tuple of str
        Blocks of the whole subject that are wrong because of it.
    trouble : str
        Why the diagnosis could not be made, if that is so.
    """

    where: str
    check: BlockCheck
    diagnosis: Diagnosis | None = None
    pattern: str = ""
    affected: tuple[str, ...] = ()
    trouble: str = ""


def culprits(subject: Subject, found: Check, rtol: float, rng: np.random.Generator, effort: Effort) -> list[Culprit]:
    """Find what is to blame for the blocks that failed."""
    failed = [i for i, block in enumerate(found.blocks) if block.verdict is Verdict.FAIL and block.state is not None]
    if not failed:
        return []
    effort.stage = "what the mistake is"
    with subject.session():
        accused = list(_parts(subject, found, [found.blocks[i].block.name for i in failed], rtol, rng, effort))
        explained = {name for culprit in accused for name in culprit.affected}
        rest = [i for i in failed if found.blocks[i].block.name not in explained]
        return accused + diagnosed(subject, found, rest, rtol, rng, effort)


def _parts(
    subject: Subject, found: Check, failed: Sequence[str], rtol: float, rng: np.random.Generator, effort: Effort
) -> list[Culprit]:
    """Parts that fail a check of their own; a part around such a one is not accused for it."""
    accused: list[Culprit] = []
    places: list[str] = []
    for part in _inside(subject):
        if any(place.startswith(f"{part.place}.") for place in places):
            continue
        own = Effort(effort.budget, effort.progress, stage=f"{part.name} on its own")
        own.losses = effort.losses  # the progress goes on from there
        own.budget += effort.losses
        try:
            with part.session():
                result = check(part, rtol, rng, own)
                wrong = [i for i, b in enumerate(result.blocks) if b.verdict is Verdict.FAIL]
                if not wrong:
                    continue
                places.append(part.place)
                finite = [i for i in wrong if result.blocks[i].state is not None]
                blamed = diagnosed(part, result, finite, rtol, rng, own)
                blamed += [Culprit("", result.blocks[i]) for i in wrong if i not in finite]
        except Exception:  # the user's code, which may not work alone: then the whole is looked at instead
            continue
        for culprit in blamed:
            name = culprit.check.block.name
            affected = _affected(part, name, failed)
            if affected:
                own_block = f"{part.place}.{name}"
                where = own_block if own_block in failed else f"{part.name}, by its {_called(name)}"
                accused.append(replace(culprit, where=where, affected=affected))
    return accused


def _inside(subject: Subject) -> list[Subject]:
    """The parts, those inside others first; none if they cannot be had."""
    try:
        return sorted(subject.parts(), key=lambda part: -part.place.count("."))
    except Exception:  # layers that cannot be copied
        return []


def _called(name: str) -> str:
    return {"x": "input", "prediction": "prediction"}.get(name, name)


def _affected(part: Subject, name: str, failed: Sequence[str]) -> tuple[str, ...]:
    """Blocks of the whole that are wrong if a block of a part is: itself, or whatever comes before its input."""
    if name not in ("x", "prediction"):
        return tuple(block for block in failed if block == f"{part.place}.{name}")
    if part.place == "loss":
        return tuple(failed)
    last = int(part.place.split(".")[1])
    return tuple(
        block
        for block in failed
        if block.split(".")[0] == "layers"
        and int(block.split(".")[1]) <= last
        and not block.startswith(f"{part.place}.")
    )


def diagnosed(
    subject: Subject, found: Check, wrong: Sequence[int], rtol: float, rng: np.random.Generator, effort: Effort
) -> list[Culprit]:
    """What explains each of the blocks that failed."""
    if not wrong:
        return []
    views: tuple[Vantage, ...] = ()
    trouble = ""
    isolated = all(_isolated(found.blocks[i]) for i in wrong)
    if not isolated and effort.left >= LEAST and "nondeterministic" not in found.remarks:
        try:
            views = vantages(subject, rtol, rng, effort)
        except Exception as error:
            trouble = _trouble(error)
    evidence = Evidence(subject, views)
    result: list[Culprit] = []
    for i in wrong:
        culprit = Culprit(found.blocks[i].block.name, found.blocks[i], trouble=trouble)
        try:
            if not result and len(wrong) >= SEVERAL and views:
                same = together(evidence, wrong)
                if same is not None:
                    return [Culprit(found.blocks[j].block.name, found.blocks[j], same) for j in wrong]
            result.append(_explained(culprit, evidence, i))
        except Exception as error:
            result.append(replace(culprit, trouble=_trouble(error)))
    return result


def _trouble(error: Exception) -> str:
    """What the user's code said at a point, or on a part of the batch, where it had not been called before."""
    return f"the search for a known mistake ended with {type(error).__name__}: {error}"


def _explained(culprit: Culprit, evidence: Evidence, i: int) -> Culprit:
    """The culprit with its diagnosis, or else with the pattern of what is wrong."""
    block, location = culprit.check, culprit.check.location
    diagnosis = diagnose(evidence, i) if evidence.views and not _isolated(block) else None
    pattern = ""
    if diagnosis is None and location is not None and (location.listed or location.complete):
        pattern = pattern_among([entry.index for entry in location.entries if entry.wrong], block.block.shape)
    elif diagnosis is None and evidence.views:
        pattern = pattern_of(evidence.views[0 if block.where == "your point" else -1], i)
    return replace(culprit, diagnosis=diagnosis, pattern=pattern)


def _isolated(block: BlockCheck) -> bool:
    """Whether all wrong entries are known, and so few that no mistake of the whole block is looked for."""
    location = block.location
    return location is not None and location.listed and len(location.entries) <= FEW * block.block.size
