"""Findings of a check: what is wrong or was noticed, each with its evidence and its fix."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from gradcheck.diagnosis.attribution import Fault
from gradcheck.diagnosis.finding import Finding
from gradcheck.diagnosis.mistakes import BY_SLUG
from gradcheck.diagnosis.settings import DIAGNOSIS
from gradcheck.probes.place import Place
from gradcheck.verdicts.entry import Entry
from gradcheck.verdicts.result import BlockResult, CheckResult
from gradcheck.verdicts.verdict import Verdict

#: What to do if each layer passes a check of its own.
PASSED_DOWN = (
    "Each layer is right on its own: look for one that writes into its input or upstream gradient, or that keeps "
    "something from one pass to the next."
)


def findings_of(check: CheckResult, faults: Sequence[Fault] = ()) -> tuple[Finding, ...]:
    """Findings, strongest first: what makes a gradient wrong, then what else was noticed."""
    broken = [
        _of_behaviour("not-finite", block.block.name, block.note, (block.block.name,))
        for block in check.blocks
        if block.verdict is Verdict.FAIL and block.screening is None
    ]
    wrong = [_placed(finding, group) for group in _groups(faults) for finding in _of_group(group)]
    observed = sorted(check.observations, key=lambda observation: observation.slug, reverse=True)
    behaviour = [_of_behaviour(seen.slug, "the whole", seen.evidence) for seen in observed]
    return (*broken, *wrong, *behaviour)


def _of_behaviour(slug: str, where: str, evidence: str, blocks: tuple[str, ...] = ()) -> Finding:
    mistake = BY_SLUG[slug]
    return Finding(mistake.code, slug, where, mistake.description, evidence, mistake.fix, blocks=blocks)


def _groups(faults: Sequence[Fault]) -> list[list[Fault]]:
    """One group for blocks that the same mistake explains; those that have a name come first."""
    groups: dict[object, list[Fault]] = {}
    for fault in sorted(faults, key=lambda fault: fault.diagnosis is None):
        key: object = id(fault)
        if fault.diagnosis is not None and not fault.affected:
            key = tuple(named.message for named in fault.diagnosis.named)
        groups.setdefault(key, []).append(fault)
    return list(groups.values())


def _placed(finding: Finding, group: Sequence[Fault]) -> Finding:
    """The finding with the file and line of the part that is wrong, if they are known."""
    source = group[0].source
    return finding if source is None else replace(finding, file=source[0], line=source[1])


def _of_group(group: Sequence[Fault]) -> list[Finding]:
    first = group[0]
    if first.result.screening is None:
        return [_of_behaviour("not-finite", first.where, first.result.note, first.blocks)]
    if first.diagnosis is None:
        return [_mismatch(first)]
    where = ", ".join(fault.where for fault in group)
    evidence = "\n".join(_evidence(fault) for fault in group)
    return [
        Finding(
            named.mistake.code,
            named.mistake.slug,
            where,
            _entries(named.message, first if len(group) == 1 else None),
            evidence,
            PASSED_DOWN if first.passed_down else named.mistake.fix,
            blocks=tuple(dict.fromkeys(name for fault in group for name in fault.blocks)),
        )
        for named in first.diagnosis.named
    ]


def _entries(message: str, fault: Fault | None) -> str:
    """The message, with how many entries are wrong where that was counted."""
    location = fault.result.location if fault is not None else None
    if fault is None or location is None or not location.counted:
        return message
    wrong = sum(entry.wrong for entry in location.entries)
    head, dot, tail = message.partition(". ")
    return f"{head} ({_count(wrong, len(location.entries))}){dot}{tail}"


def _count(wrong: int, total: int) -> str:
    return f"{wrong} of {total} entries {'is' if wrong == 1 else 'are'} wrong"


def _evidence(fault: Fault) -> str:
    """Both values of the worst entry, how their ratio varies, and what the mistake would give."""
    assert fault.diagnosis is not None
    location = fault.result.location
    parts = [f"{fault.result.block.name}"]
    if location is not None and location.worst is not None:
        parts[0] += str(location.worst)
        ratio = _ratio([entry for entry in location.entries if entry.wrong])
        parts += [ratio] if ratio else []
    return "; ".join([*parts, fault.diagnosis.evidence]) + _because(fault)


def _because(fault: Fault) -> str:
    others = [name for name in fault.affected if name != fault.where]
    return f"; wrong because of it: {', '.join(others)}" if others else ""


def _mismatch(fault: Fault) -> Finding:
    """The finding for a block that is wrong in a way that has no name."""
    block = fault.result
    assert block.screening is not None
    entries = block.location.entries if block.location else ()
    worst = block.location.worst if block.location else None
    name, where = block.block.name, fault.where
    wrong = [entry for entry in entries if entry.wrong]
    complete = block.location is not None and block.location.counted and fault.accounted and bool(wrong)
    listed = block.location is not None and block.location.listed and fault.accounted
    if listed:
        message = f"{_count(len(wrong), block.block.size)}, and no others were found"
    elif complete:
        message = _count(len(wrong), len(entries))
    else:
        message = "the claimed gradient is wrong"
    if fault.pattern is not None:
        message += f", {fault.pattern}"
    if len(wrong) == 1 and worst is not None and block.block.size > 1 and (listed or complete):
        where = f"{where}[{', '.join(map(str, worst.index))}]"
    message += _at(block)
    evidence = str(block.screening.comparison) if worst is None else f"{name}{worst}"
    ratio = _ratio(wrong)
    if fault.few and len(wrong) > 1:
        evidence = _listed(name, wrong)
    elif ratio:
        evidence += f"; {ratio}"
    if block.note:
        evidence += f" ({block.note})"
    evidence += _because(fault) + (f"; {fault.trouble}" if fault.trouble else "")
    if fault.unsteady:
        mistake = BY_SLUG["nondeterministic"]
        message = "the claimed gradient differs from call to call at the same point"
        return Finding(mistake.code, mistake.slug, where, message, fault.unsteady, mistake.fix, blocks=fault.blocks)
    if fault.few:
        mistake = BY_SLUG["isolated-entries"]
        return Finding(mistake.code, mistake.slug, where, message, evidence, mistake.fix, blocks=fault.blocks)
    message += "; no known mistake explains this"
    fix = (
        f"Derive the gradient of {name} again, and compare it with the numerical gradient: entries=True lists every "
        "entry."
    )
    if fault.passed_down:
        fix = PASSED_DOWN
    return Finding("GC000", "unexplained", where, message, evidence, fix, blocks=fault.blocks)


def _at(block: BlockResult) -> str:
    """Where a block was found to be wrong, if that is not the user's own point by the usual steps."""
    closely = ", with very short steps" if block.zoomed else ""
    return closely if block.place is Place.USER else f" at {block.place.value}{closely}"


def _listed(name: str, wrong: list[Entry]) -> str:
    """The wrong entries, the largest gaps first, as many as fit a report."""
    ordered = sorted(wrong, key=lambda entry: -abs(entry.gap))
    shown = "\n".join(f"{name}{entry}" for entry in ordered[: DIAGNOSIS.shown])
    return shown if len(ordered) <= DIAGNOSIS.shown else f"{shown}\nand {len(ordered) - DIAGNOSIS.shown} more"


def _ratio(wrong: list[Entry]) -> str:
    """The range of claimed/numeric over the wrong entries; empty where it is constant: one point cannot show that."""
    clear = [entry for entry in wrong if abs(entry.numeric) > DIAGNOSIS.ratio_clearness * entry.error]
    if len(clear) < 2:
        return ""
    ratios = [entry.claimed / entry.numeric for entry in clear]
    bars = [entry.error / abs(entry.numeric) * max(1.0, abs(ratio)) for entry, ratio in zip(clear, ratios, strict=True)]
    low, high = min(ratios), max(ratios)
    if high - low <= 2 * max(bars):
        return ""
    places = min(max(2 - math.floor(math.log10(high - low)), 2), 12)
    return f"claimed/numeric ranges from {low:.{places}f} to {high:.{places}f}"


def guard_finding(text: str, file: str, line: int, names: Sequence[str]) -> Finding:
    """The finding for gradients that leave out a guard of the loss, which a recording has shown."""
    mistake = BY_SLUG["clip-mismatch"]
    return Finding(
        mistake.code,
        mistake.slug,
        ", ".join(names),
        f"{mistake.description}: {text} (line {line}) guards the loss, and the gradient is that of the loss without it",
        "without the guard the claimed gradients equal the exact ones of the recorded loss, at a random point",
        mistake.fix,
        file,
        line,
        blocks=tuple(names),
    )
