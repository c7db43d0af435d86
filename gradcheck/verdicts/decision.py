"""A gap that the error bar does not explain: what has to hold before a gradient is called wrong for it."""

from __future__ import annotations

from dataclasses import dataclass

from gradcheck.probes.cancellation import is_remainder
from gradcheck.probes.refine import in_steps, nearby
from gradcheck.probes.screening import BlockState, State, survey
from gradcheck.verdicts.bisection import ENTRY_COST, LEAVE, Location, Matter, locate
from gradcheck.verdicts.group_testing import every_wrong
from gradcheck.verdicts.reasons import Doubt
from gradcheck.verdicts.verdict import Verdict

#: So many times more a slope is measured before it is held against a claim.
REPEATS = 2

#: A loss that differs from call to call, or the mean slope of a staircase, whose steps are all the noise that there is,
#: is held against a claim only if the gap is so many times the bar.
UNSTEADY = 10.0


@dataclass(frozen=True, slots=True)
class Ruling:
    """What became of an accusation, and the state of the block that it rests on."""

    verdict: Verdict
    state: BlockState
    location: Location | None = None
    note: str = ""


def accuse(block: int, state: BlockState, remarks: dict[str, str], *, tolerated: Verdict = Verdict.PASS) -> Ruling:
    """Decide about a block that is suspect at a site.

    Parameters
    ----------
    block : int
    state : BlockState
        What the survey of a site found.
    remarks : dict
        Slug of a mistake to the evidence; a loss that differs from call to call is entered here.
    tolerated : Verdict
        That of a gap which is certain, but too small to matter.

    Returns
    -------
    Ruling
        FAIL only if the gap is reproduced, seen from nearby where the claim is far steeper than the loss, material on
        some part of the block, and proved there.
    """
    site = state.site
    if site.effort.left < (1 + REPEATS) * state.comparison.estimate.evaluations:
        return Ruling(Verdict.UNDECIDED, state, note=str(Doubt.SPENT))
    if site.stepped and state.comparison.clearness < UNSTEADY:
        return Ruling(Verdict.UNDECIDED, state, note=str(Doubt.STEPS))
    if not _reproducible(state, remarks):
        return Ruling(Verdict.UNDECIDED, state, note=str(Doubt.UNSTEADY))
    if is_remainder(site, block):
        state = survey(site, [block], 1, closely=False)[block]
        if state.state is State.AGREES:
            return Ruling(Verdict.PASS, state, note="the claim is rounding, of terms that cancel")
        if state.state is not State.SUSPECT:
            return Ruling(Verdict.UNDECIDED, state, note=str(Doubt.CANCELLED))
    close = nearby(site, block, state.comparison)
    if close is not None:
        state = survey(close, [block], 1, closely=False)[block]
        site = state.site
        if state.state is State.AGREES:
            return Ruling(Verdict.PASS, state, note="the loss changes within a very short distance")
        if site.random or state.state is not State.SUSPECT:
            return Ruling(Verdict.UNDECIDED, state, note=str(Doubt.SHORT))
    comparison = state.comparison
    location = locate(site, block, comparison)
    if location.matter is Matter.WRONG:
        if _stairs(block, state, location):
            return Ruling(Verdict.UNDECIDED, state, note=str(Doubt.STEPS))
        return Ruling(Verdict.FAIL, state, every_wrong(site, block, location))
    if location.matter is Matter.TOLERATED:
        scale = max(comparison.norm, abs(comparison.claim), abs(comparison.estimate.value))
        note = f"off by {abs(comparison.gap) / scale:.1e} of the block, which is seen but tolerated"
        note = note if tolerated is Verdict.PASS else str(Doubt.BESIDE)
        return Ruling(tolerated, state, location, note)
    spent = not location.complete and site.effort.left < 2 * ENTRY_COST + LEAVE * site.effort.budget
    return Ruling(Verdict.UNDECIDED, state, location, str(Doubt.SPENT if spent else Doubt.UNCLEAR))


def _stairs(block: int, state: BlockState, location: Location) -> bool:
    """Whether steps of the loss explain the gap, along the block or along the entry that is off by most.

    On a staircase an entry that was off is not when it is measured again, by steps of another length.
    """
    site = state.site
    if in_steps(site, state.ray, state.comparison):
        return True
    wrong = [entry for entry in location.entries if entry.wrong]
    if not wrong:
        return False
    worst = max(wrong, key=lambda entry: abs(entry.gap))
    again, ray, _ = site.entry(block, worst.index)
    return again.agrees or in_steps(site, ray, again)


def _reproducible(state: BlockState, remarks: dict[str, str]) -> bool:
    """Whether the slope along the very same ray, by the very same steps, comes out the same again."""
    site, first = state.site, state.comparison.estimate
    again = [site.measure(state.ray, start=first.start).estimate.value for _ in range(REPEATS)]
    spread = max(abs(value - first.value) for value in again)
    if spread > 0 and "nondeterministic" not in remarks and spread > first.error:
        remarks["nondeterministic"] = (
            f"the slope along one and the same ray is {first.value:.6g}, then {again[0]:.6g}, then {again[1]:.6g}"
        )
    certain = 1.0 if site.steady else UNSTEADY
    return 8 * spread <= abs(state.comparison.gap) and abs(state.comparison.gap) > certain * state.comparison.bar
