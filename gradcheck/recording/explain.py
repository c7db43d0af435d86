"""What is wrong with a line, in the author's own names: the mistake, the evidence, and the lines around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.recording.blame import Blame
from gradcheck.recording.matching import Kind, Match
from gradcheck.recording.remedies import Faulty
from gradcheck.recording.repair import Repair
from gradcheck.recording.sites import Unit

#: Codes of the mistakes that an edit undoes.
CODES = {
    "sign-flipped": "GC101",
    "constant-factor": "GC102",
    "mean-sum": "GC103",
    "accumulated": "GC105",
    "transposed": "GC201",
    "reversed-axis": "GC202",
    "shifted": "GC206",
    "missing-activation-derivative": "GC301",
    "extra-activation-derivative": "GC302",
    "derivative-at-wrong-argument": "GC303",
    "wrong-activation-derivative": "GC304",
    "missing-path": "GC305",
    "regulariser-missing": "GC402",
    "regulariser-extra": "GC403",
}


#: The code of a mistake without a name.
UNEXPLAINED = "GC000"

#: Codes of what an edit of the line tells better: another mistake can look like a path or a slope that is missing.
_VAGUE = (UNEXPLAINED, "GC301", "GC305")

#: Codes that say no more than that some entries are wrong.
WITHOUT_NAME = (UNEXPLAINED, "GC505")


@dataclass(frozen=True)
class Explanation:
    """A wrong line in words.

    Attributes
    ----------
    unit : Unit
    target : str
        What the line computes.
    of : str
        The variable whose derivative it has to be.
    blocks : tuple of int
    code, slug : str
    message, evidence, fix : str
    factor : float or None
    replacement : str
        The statement after the edit that makes the gradients right; empty if there is none.
    is_proved : bool
        Whether the line makes something else than it has to of values that are all known to be right.
    """

    unit: Unit
    target: str
    of: str
    blocks: tuple[int, ...]
    code: str
    slug: str
    message: str
    evidence: str
    fix: str
    factor: float | None
    replacement: str = ""
    is_proved: bool = False

    @property
    def is_bare(self) -> bool:
        """Whether it has no name, no repair and no proof: what the line reads may be meant as something else."""
        return self.code == UNEXPLAINED and not self.fix and not self.is_proved


@dataclass(frozen=True)
class LineFact:
    """One line of the backward pass.

    Attributes
    ----------
    unit : Unit
    target, of : str
    wrong : bool
    factor : float or None
        The constant between the value and the derivative.
    """

    unit: Unit
    target: str
    of: str
    wrong: bool
    factor: float | None


def explained(
    blame: Blame, faulty: Faulty, names: Sequence[str], counts: Mapping[int, str], repair: Repair | None = None
) -> Explanation:
    """Say what is wrong with a line.

    Parameters
    ----------
    blame : Blame
    faulty : Faulty
    names : sequence of str
        Names of the blocks.
    counts : dict of int to str
        Numbers that a mean may divide by.
    repair : Repair, optional
        An edit that makes the gradients right.
    """
    unit = blame.recording.units[faulty.unit]
    target = _target(unit)
    of = "" if faulty.of is None or blame.evidence.is_inner_number(faulty) else label_of(blame, faulty.of, names)
    code, slug, what = _mistake(blame, faulty, names, counts)
    if repair is not None and code in _VAGUE and repair.slug in CODES and _is_seen(blame, faulty, repair.slug):
        code, slug, what = CODES[repair.slug], repair.slug, f"that is undone by {repair.text}"
    elif repair is not None and code == UNEXPLAINED:
        what = f"it is right as {repair.text}"
    role = f"is not the derivative with respect to {of}" if of else "makes the gradient wrong"
    if faulty.needed is None:
        role = f"is not the slope by which {of} enters" if of else role
    fix = "" if repair is None else _fix(repair, [names[i] for i in faulty.blocks])
    return Explanation(
        unit,
        target,
        of,
        faulty.blocks,
        code,
        slug,
        f"{unit.text} {role}: {what}",
        "with the exact derivative in its place, these gradients are right at a random point",
        fix,
        faulty.factor,
        "" if repair is None else repair.text,
        faulty.proved,
    )


def _is_seen(blame: Blame, faulty: Faulty, slug: str) -> bool:
    """Whether the values do not contradict the mistake that an edit is known for: what it takes out may be no slope."""
    value = blame.recording.graph.values[faulty.value]
    return slug != "extra-activation-derivative" or blame.slopes.has_slope_factor(value, faulty.unit)


def _fix(repair: Repair, names: Sequence[str]) -> str:
    return f"Write: {repair.text}\nWith it, the gradient with respect to {', '.join(names)} is right."


def _target(unit: Unit) -> str:
    return unit.target or unit.text


def _mistake(blame: Blame, faulty: Faulty, names: Sequence[str], counts: Mapping[int, str]) -> tuple[str, str, str]:
    """The mistake that the recorded values show."""
    value = blame.recording.graph.values[faulty.value]
    penalty = blame.evidence.penalty_of(faulty)
    if penalty is not None and 0.0 < penalty[1] != 1.0:
        block, times = penalty
        what = f"the derivative of the penalty on {names[block]} is {times:.6g} times what it has to be"
        return ("GC403", "regulariser-extra", what) if times > 1.0 else ("GC402", "regulariser-missing", what)
    factor = faulty.factor
    if factor is not None and abs(factor + 1.0) < 1e-7:
        return "GC101", "sign-flipped", "it has the opposite sign"
    if factor is not None and abs(factor - 1.0) > 1e-7:
        for number, text in counts.items():
            for known in (number, 1 / number):
                if abs(factor / known - 1.0) < 1e-7:
                    return "GC103", "mean-sum", f"it is {factor:.6g} times as large. {text}"
        return "GC102", "constant-factor", f"it is {factor:.6g} times as large"
    if faulty.needed is not None and faulty.of is not None:
        found = blame.backward.meaning(value)
        whole = [match for match in found if match.kind is Kind.WHOLE]
        whole = [match for match in whole if blame.evidence.has_slope(match.of, faulty.of)]
        named = label_of(blame, whole[0].of, names) if whole else ""
        fits = np.shape(value.array) == np.shape(faulty.needed)
        if whole and fits and named != label_of(blame, faulty.of, names):
            return (
                "GC301",
                "missing-activation-derivative",
                f"it is the derivative with respect to {named}; the slope from there is missing",
            )
        held = blame.evidence.held_constant(value, faulty.of)
        if held:
            shown = ", ".join(dict.fromkeys(label_of(blame, each, names) for each in held))
            text = f"it takes {shown} as constant, which depends on {label_of(blame, faulty.of, names)}"
            return "GC307", "statistics-held-constant", text
        if any(match.kind is Kind.PART for match in found) or blame.backward.lacks_a_part(value, faulty.needed):
            if blame.evidence.is_of_branch(value):
                return "GC304", "wrong-activation-derivative", "it is the derivative of one branch alone"
            return "GC305", "missing-path", "it is what one use contributes, and the contribution of another is missing"
        if blame.evidence.is_diagonal(value, faulty.of):
            return "GC306", "softmax-diagonal", "it is what each entry contributes to the same entry, and to no other"
        slope = _extra_slope(blame, faulty)
        if slope:
            return "GC302", "extra-activation-derivative", f"the slope of {slope} appears once too often"
    pair = blame.evidence.taken_for(value, faulty.needed) if faulty.needed is not None else None
    if pair is not None:
        read, right = (label_of(blame, each, names) for each in pair)
        text = f"it reads the derivative with respect to {read} where the one with respect to {right} belongs"
        if pair[1] in blame.recording.graph.ancestors([pair[0]]):
            return "GC301", "missing-activation-derivative", text
        if pair[0] in blame.recording.graph.ancestors([pair[1]]):
            return "GC302", "extra-activation-derivative", text
        if blame.evidence.is_of_one_use(*pair):
            return (
                "GC305",
                "missing-path",
                f"it is what one use of {right} contributes, and those of others are missing",
            )
        return "GC205", "swapped-blocks", text
    if faulty.needed is not None and blame.slopes.is_slope_alone(value, faulty.needed):
        return "GC313", "upstream-ignored", "it is a slope alone, without the derivative that comes in"
    return UNEXPLAINED, "unexplained", "no known mistake explains this"


def _extra_slope(blame: Blame, faulty: Faulty) -> str:
    """The value whose slope, a quotient of two adjoints, a derivative has as one factor more."""
    value = np.asarray(blame.recording.graph.values[faulty.value].array, dtype=np.float64)
    needed = np.asarray(faulty.needed, dtype=np.float64)
    if value.shape != needed.shape or not np.all(needed) or value.size < 3:
        return ""
    quotient = value / needed
    made = blame.dataflow.below([faulty.of]) if faulty.of is not None else set()
    for use, _of, array in blame.recording.adjoints.uses:
        outer = np.asarray(blame.recording.adjoints.of[use])
        alike = use in made and outer.shape == array.shape == quotient.shape and np.all(outer)
        if alike and blame.recording.is_equal(quotient, array / outer):
            return label_of(blame, use, ())
    return ""


# -- names -------------------------------------------------------------------------------------------------------------


def label_of(blame: Blame, value: int, names: Sequence[str]) -> str:
    """What the author calls a value of the forward pass: a parameter, a variable, or an expression."""
    for block, ids in enumerate(blame.recording.parameters):
        if value in ids and block < len(names):
            return names[block]
    node = blame.recording.graph.values[value]
    if node.names:
        return node.names[0]
    array = blame.recording.graph.values[value].array
    for other in blame.recording.graph.values:
        if other.names and other.phase == 0 and other.array is array:
            return other.names[0]
    if node.site is not None:
        return blame.recording.sites[node.site].text
    return "a value that the functions were given"


def _is_in_order(blame: Blame, array: Any, match: Match) -> bool:
    """Whether a value of the shape of a derivative has its entries in the same order."""
    shape = np.shape(blame.recording.graph.values[match.of].array)
    if np.ndim(array) != 2 or np.shape(array) != shape or match.kind is not Kind.WHOLE:
        return True
    adjoint = np.asarray(blame.recording.adjoints.of[match.of])
    return blame.recording.is_equal(match.factor * adjoint, array)


def lines_of(blame: Blame, wrong: Sequence[Explanation], names: Sequence[str]) -> list[LineFact]:
    """The lines of the backward pass that compute derivatives, and the wrong ones, in the order of the source."""
    recording = blame.recording
    facts: dict[Unit, LineFact] = {}
    for each in wrong:
        facts[each.unit] = LineFact(each.unit, each.target, each.of, True, each.factor)
    last: dict[int, Match] = {}
    for value in recording.graph.values:
        if (
            value.phase != 1
            or value.site is None
            or value.site in blame.dataflow.forward_sites
            or value.function is None
        ):
            continue
        found = blame.backward.meaning(value)
        unit = recording.sites[value.site].unit
        found = [match for match in found if _is_in_order(blame, value.array, match)]
        if found and unit >= 0 and not blame.backward.matches.is_forward(value.array):
            last[unit] = found[0]
        elif unit in last:
            del last[unit]
    for unit, match in last.items():
        place = recording.units[unit]
        if place not in facts and place.target:
            factor = None if match.exact else match.factor
            facts[place] = LineFact(place, place.target, label_of(blame, match.of, names), False, factor)
    return sorted(facts.values(), key=lambda fact: (fact.unit.file, fact.unit.line, fact.unit.span))
