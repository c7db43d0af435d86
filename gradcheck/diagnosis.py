"""What can be said about a check beyond its numbers: findings, each with its evidence and its fix."""

from __future__ import annotations

import math

from gradcheck.check import BlockCheck, Check
from gradcheck.comparison import Verdict
from gradcheck.finding import Finding
from gradcheck.halving import Entry

#: Mistakes that show while a subject is evaluated: slug to code, message and fix.
_MANNERS = {
    "not-finite": (
        "GC502",
        "the claimed gradient is not finite",
        "Look for a division by zero, an overflow, or a logarithm or square root at zero in the gradient.",
    ),
    "nondeterministic": (
        "GC503",
        "the loss is not the same at each call",
        "Fix the random seed inside the loss (dropout, sampling, shuffling), and keep the gradient call from changing "
        "the loss.",
    ),
    "mutates-input": (
        "GC504",
        "the code changes its arguments",
        "Work on a copy: x = x.copy(), or write x = x - step instead of x -= step.",
    ),
}

_ISOLATED = "Look at what these places have in common: an index, a slice, an edge, a mask, a special case."

#: So many entries of a list are shown.
_SHOWN = 8

#: Ratios are shown of entries at least this much larger than their error bars.
_CLEAR = 100.0


def findings_of(check: Check) -> tuple[Finding, ...]:
    """Findings, strongest first: what makes a gradient wrong, then what else was noticed."""
    wrong = [_mismatch(block) for block in check.blocks if block.verdict is Verdict.FAIL and block.state is not None]
    broken = [
        _manner("not-finite", block.block.name, block.note)
        for block in check.blocks
        if block.verdict is Verdict.FAIL and block.state is None
    ]
    manners = [_manner(slug, "the whole", evidence) for slug, evidence in sorted(check.remarks.items(), reverse=True)]
    return (*broken, *wrong, *manners)


def _manner(slug: str, where: str, evidence: str) -> Finding:
    code, message, fix = _MANNERS[slug]
    return Finding(code, slug, where, message, evidence, fix)


def _mismatch(block: BlockCheck) -> Finding:
    """A block that is wrong; why, is not known."""
    assert block.state is not None
    entries = block.location.entries if block.location else ()
    worst = block.location.worst if block.location else None
    where = block.block.name
    wrong = [entry for entry in entries if entry.wrong]
    listed = block.location is not None and block.location.listed
    if listed:
        message = f"{len(wrong)} of {block.block.size} entries are wrong, and no others were seen"
    elif block.location is not None and block.location.complete and wrong:
        message = f"{len(wrong)} of {len(entries)} entries are wrong"
    else:
        message = "the claimed gradient is wrong"
    if len(wrong) == 1 and worst is not None and block.block.size > 1:
        where = f"{where}[{', '.join(map(str, worst.index))}]"
    if block.where != "your point":
        message += f" at {block.where}"
    evidence = str(block.state.comparison)
    if worst is not None:
        evidence = f"{block.block.name}{worst}"
    ratio = _ratio(wrong)
    if listed:
        evidence = _listed(block.block.name, wrong)
    elif ratio:
        evidence += f"; {ratio}"
    if block.note:
        evidence += f" ({block.note})"
    if listed:
        return Finding("GC505", "isolated-entries", where, message, evidence, _ISOLATED)
    fix = f"Derive the gradient of {block.block.name} again, and compare it with the numeric values above."
    return Finding("GC000", "unexplained", where, message, evidence, fix)


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
