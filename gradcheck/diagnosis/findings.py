"""What is told of a check beyond its numbers: findings, each with its evidence and its fix."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gradcheck.diagnosis.attribution import Culprit
from gradcheck.diagnosis.finding import Finding
from gradcheck.diagnosis.mistakes import BY_SLUG
from gradcheck.verdicts.bisection import Entry
from gradcheck.verdicts.result import Check
from gradcheck.verdicts.verdict import Verdict

#: So many entries of a list are shown.
_SHOWN = 8

#: Of a block this small a few wrong entries are a finding of their own only if they are no more than this part of it.
_FEW = 0.25

#: Ratios are shown of entries at least this much larger than their error bars.
_CLEAR = 100.0


def findings_of(check: Check, culprits: Sequence[Culprit] = ()) -> tuple[Finding, ...]:
    """Findings, strongest first: what makes a gradient wrong, then what else was noticed."""
    broken = [
        _manner("not-finite", block.block.name, block.note, (block.block.name,))
        for block in check.blocks
        if block.verdict is Verdict.FAIL and block.state is None
    ]
    wrong = [finding for group in _groups(culprits) for finding in _of_group(group)]
    manners = [_manner(slug, "the whole", evidence) for slug, evidence in sorted(check.remarks.items(), reverse=True)]
    return (*broken, *wrong, *manners)


def _manner(slug: str, where: str, evidence: str, blocks: tuple[str, ...] = ()) -> Finding:
    mistake = BY_SLUG[slug]
    return Finding(mistake.code, slug, where, mistake.says, evidence, mistake.fix, blocks=blocks)


def _blocks(*culprits: Culprit) -> tuple[str, ...]:
    """Names of the blocks of the subject that these culprits make wrong: for a part, those that it affects."""
    names = (name for culprit in culprits for name in culprit.affected or (culprit.check.block.name,))
    return tuple(dict.fromkeys(names))


def _groups(culprits: Sequence[Culprit]) -> list[list[Culprit]]:
    """Blocks that one and the same mistake explains are told of together; those that have a name come first."""
    groups: dict[object, list[Culprit]] = {}
    for culprit in sorted(culprits, key=lambda culprit: culprit.diagnosis is None):
        key: object = id(culprit)
        if culprit.diagnosis is not None and not culprit.affected:
            key = tuple(named.message for named in culprit.diagnosis.named)
        groups.setdefault(key, []).append(culprit)
    return list(groups.values())


def _of_group(group: Sequence[Culprit]) -> list[Finding]:
    first = group[0]
    if first.check.state is None:
        return [_manner("not-finite", first.where, first.check.note, _blocks(first))]
    if first.diagnosis is None:
        return [_mismatch(first)]
    where = ", ".join(culprit.where for culprit in group)
    evidence = "\n".join(_evidence(culprit) for culprit in group)
    return [
        Finding(
            named.mistake.code,
            named.mistake.slug,
            where,
            _entries(named.message, first if len(group) == 1 else None),
            evidence,
            named.mistake.fix,
            blocks=_blocks(*group),
        )
        for named in first.diagnosis.named
    ]


def _entries(message: str, culprit: Culprit | None) -> str:
    """The message, with how many entries are wrong where that was counted."""
    location = culprit.check.location if culprit is not None else None
    if culprit is None or location is None or not location.complete:
        return message
    wrong = sum(entry.wrong for entry in location.entries)
    head, dot, tail = message.partition(". ")
    return f"{head} ({wrong} of {len(location.entries)} entries are wrong){dot}{tail}"


def _evidence(culprit: Culprit) -> str:
    """Claimed and right in the entry that is off by most, how the ratio varies, and what the mistake makes."""
    assert culprit.diagnosis is not None
    location = culprit.check.location
    parts = [f"{culprit.check.block.name}"]
    if location is not None and location.worst is not None:
        parts[0] += str(location.worst)
        ratio = _ratio([entry for entry in location.entries if entry.wrong])
        parts += [ratio] if ratio else []
    return "; ".join([*parts, culprit.diagnosis.evidence]) + _because(culprit)


def _because(culprit: Culprit) -> str:
    others = [name for name in culprit.affected if name != culprit.where]
    return f"; wrong because of it: {', '.join(others)}" if others else ""


def _mismatch(culprit: Culprit) -> Finding:
    """A block that is wrong in a way that has no name."""
    block = culprit.check
    assert block.state is not None
    entries = block.location.entries if block.location else ()
    worst = block.location.worst if block.location else None
    name, where = block.block.name, culprit.where
    wrong = [entry for entry in entries if entry.wrong]
    complete = block.location is not None and block.location.complete and bool(wrong)
    listed = block.location is not None and block.location.listed
    few = listed or (complete and block.block.size > 1 and len(wrong) <= max(1, _FEW * len(entries)))
    if listed:
        message = f"{len(wrong)} of {block.block.size} entries are wrong, and no others were seen"
    elif complete:
        message = f"{len(wrong)} of {len(entries)} entries are wrong"
    else:
        message = "the claimed gradient is wrong"
    if culprit.pattern:
        message += f", {culprit.pattern}"
    if len(wrong) == 1 and worst is not None and block.block.size > 1 and (listed or complete):
        where = f"{where}[{', '.join(map(str, worst.index))}]"
    if block.where != "your point":
        message += f" at {block.where}"
    evidence = str(block.state.comparison) if worst is None else f"{name}{worst}"
    ratio = _ratio(wrong)
    if few and len(wrong) > 1:
        evidence = _listed(name, wrong)
    elif ratio:
        evidence += f"; {ratio}"
    if block.note:
        evidence += f" ({block.note})"
    evidence += _because(culprit) + (f"; {culprit.trouble}" if culprit.trouble else "")
    if few:
        mistake = BY_SLUG["isolated-entries"]
        return Finding(mistake.code, mistake.slug, where, message, evidence, mistake.fix, blocks=_blocks(culprit))
    message += "; no known mistake explains this"
    fix = f"Derive the gradient of {name} again, and compare it with the numeric values above."
    return Finding("GC000", "unexplained", where, message, evidence, fix, blocks=_blocks(culprit))


def _listed(name: str, wrong: list[Entry]) -> str:
    """The wrong entries, those that are off by most first, as many as a reader wants to see."""
    ordered = sorted(wrong, key=lambda entry: -abs(entry.gap))
    shown = "\n".join(f"{name}{entry}" for entry in ordered[:_SHOWN])
    return shown if len(ordered) <= _SHOWN else f"{shown}\nand {len(ordered) - _SHOWN} more"


def _ratio(wrong: list[Entry]) -> str:
    """The range of claimed/numeric, where it is one: that a ratio is constant, one point cannot show."""
    clear = [entry for entry in wrong if abs(entry.numeric) > _CLEAR * entry.error]
    if len(clear) < 2:
        return ""
    ratios = [entry.claimed / entry.numeric for entry in clear]
    bars = [entry.error / abs(entry.numeric) * max(1.0, abs(ratio)) for entry, ratio in zip(clear, ratios, strict=True)]
    low, high = min(ratios), max(ratios)
    if high - low <= 2 * max(bars):
        return ""
    places = min(max(2 - math.floor(math.log10(high - low)), 2), 12)
    return f"claimed/numeric goes from {low:.{places}f} to {high:.{places}f}"
