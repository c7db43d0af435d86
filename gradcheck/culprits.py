"""What is to blame: layers by their own check, then blocks, each with the mistake that explains it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradcheck.check import BlockCheck, Check
from gradcheck.checker import check
from gradcheck.comparison import Verdict
from gradcheck.diagnosis import Diagnosis, diagnose
from gradcheck.effort import Effort
from gradcheck.evidence import Evidence
from gradcheck.pattern import pattern_among, pattern_of
from gradcheck.subject import Subject
from gradcheck.vantage import Vantage, vantages

#: What a diagnosis needs of the budget to be begun.
LEAST = 60

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
        return accused + _diagnosed(subject, found, rest, rtol, rng, effort)


def _parts(
    subject: Subject, found: Check, failed: Sequence[str], rtol: float, rng: np.random.Generator, effort: Effort
) -> list[Culprit]:
    """Parts that fail a check of their own; a part around such a one is not accused for it."""
    accused: list[Culprit] = []
    places: list[str] = []
    for part in sorted(subject.parts(), key=lambda part: -part.place.count(".")):
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
                blamed = _diagnosed(part, result, finite, rtol, rng, own)
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


def _diagnosed(
    subject: Subject, found: Check, wrong: Sequence[int], rtol: float, rng: np.random.Generator, effort: Effort
) -> list[Culprit]:
    """What explains each of the blocks that failed."""
    if not wrong:
        return []
    views: tuple[Vantage, ...] = ()
    isolated = all(_isolated(found.blocks[i]) for i in wrong)
    if not isolated and effort.left >= LEAST and "nondeterministic" not in found.remarks:
        views = vantages(subject, rtol, rng, effort)
    evidence = Evidence(subject, views)
    result = []
    for i in wrong:
        block = found.blocks[i]
        diagnosis, pattern, trouble = None, "", ""
        try:
            diagnosis = diagnose(evidence, i) if views and not _isolated(block) else None
        except Exception as error:  # the user's code, at a point or on a part of the batch where it was never called
            trouble = f"the search for a known mistake ended with {type(error).__name__}: {error}"
        wrong_ones = [entry.index for entry in block.location.entries if entry.wrong] if block.location else []
        if diagnosis is None and block.location is not None and (block.location.listed or block.location.complete):
            pattern = pattern_among(wrong_ones, block.block.shape)
        elif diagnosis is None and views:
            pattern = pattern_of(views[0 if block.where == "your point" else -1], i)
        result.append(Culprit(block.block.name, block, diagnosis, pattern, trouble=trouble))
    return result


def _isolated(block: BlockCheck) -> bool:
    """Whether all wrong entries are known, and so few that no mistake of the whole block is looked for."""
    location = block.location
    return location is not None and location.listed and len(location.entries) <= FEW * block.block.size
