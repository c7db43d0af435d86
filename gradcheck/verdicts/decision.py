"""What has to hold before a gradient is called wrong for a gap."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from gradcheck.probes.cancellation import is_cancellation, is_partly_cancelled
from gradcheck.probes.comparison import Comparison
from gradcheck.probes.observation import Observation
from gradcheck.probes.place import Place
from gradcheck.probes.prober import Prober
from gradcheck.probes.screening import Agreement, Screening, screen_block
from gradcheck.probes.settings import PROBES
from gradcheck.probes.staircase import is_constant_nearby, is_staircase
from gradcheck.probes.tread import keeps_value, over_treads
from gradcheck.probes.zoom import zoomed
from gradcheck.verdicts.bisection import locate
from gradcheck.verdicts.entry import Location, Materiality
from gradcheck.verdicts.gross import is_grossly_wrong
from gradcheck.verdicts.group_testing import find_all_wrong
from gradcheck.verdicts.reasons import UndecidedReason
from gradcheck.verdicts.settings import VERDICTS
from gradcheck.verdicts.solver_tolerance import are_all_wrong, largest_part, shape_of
from gradcheck.verdicts.verdict import Verdict

#: Reasons that are the same whatever the tolerance of a solver.
LASTING = (
    UndecidedReason.CANCELLED,
    UndecidedReason.SPENT,
    UndecidedReason.UNDERFLOW,
    UndecidedReason.UNPROVED,
    UndecidedReason.UNSTEADY,
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about a block that disagrees.

    Attributes
    ----------
    verdict : Verdict
    screening : Screening
        What the decision rests on.
    location : Location or None
    note : str
    cancelled : bool
        Whether the claim was recognised as round-off.
    observations : tuple of Observation
        Among them a slope that differs from call to call.
    reason : UndecidedReason or None
        Why the verdict is UNDECIDED, where this was found here.
    spread : float or None
        The gap as a part of the norm of the block, where it is one that a solver's tolerance may make. The verdict is
        FAIL then, unless no mistake explains the gap; or PASS, where the stated accuracy allows it.
    """

    verdict: Verdict
    screening: Screening
    location: Location | None = None
    note: str = ""
    cancelled: bool = False
    observations: tuple[Observation, ...] = ()
    spread: float | None = None
    reason: UndecidedReason | None = None

    @property
    def is_final(self) -> bool:
        """Whether nothing is left that smaller tolerances of solvers could change, or no budget for it.

        A block that is grossly wrong was not located.
        """
        gross = self.verdict is Verdict.FAIL and self.location is not None and not self.location.entries
        return self.verdict is Verdict.PASS or gross or self.reason in LASTING


def decide(
    block: int,
    screening: Screening,
    *,
    tolerated: Verdict = Verdict.PASS,
    verdict_only: bool = False,
    loss_accuracy: float | None = None,
    iterates: Callable[[], bool] = lambda: False,
) -> Decision:
    """Decide about a block that disagrees at a point.

    Parameters
    ----------
    block : int
    screening : Screening
        What showed the gap.
    tolerated : Verdict
        That of a gap which is certain, but too small to matter.
    verdict_only : bool
        Whether it is enough to know that the block is wrong.
    loss_accuracy : float, optional
        Known relative accuracy of loss and gradient; 0 if they are exact to rounding.
    iterates : callable
        Whether there is known to be a solver in the loss.

    Returns
    -------
    Decision
        FAIL only if the gap is reproduced, seen with short steps too where the claim is far steeper than the loss,
        material on some part of the block, and confirmed there.
    """
    prober = screening.prober
    cancelled = is_cancellation(prober, block, screening.comparison)
    if prober.is_out_of_sight(screening.line, screening.comparison) and not cancelled:
        return _undecided(screening, UndecidedReason.FAINT)
    still = screening.comparison.estimate.value == 0.0 and not cancelled
    longer = over_treads(prober, screening.line, screening.comparison) if still else None
    if longer is not None:
        prober, screening = longer, screen_block(longer, block)
        if screening.agreement is not Agreement.DISAGREES:
            return _undecided(screening, UndecidedReason.STAIRCASE)
    if verdict_only and screening.own and is_grossly_wrong(block, screening, iterates):
        return Decision(Verdict.FAIL, screening, Location(Materiality.WRONG, (), complete=False))
    if prober.evaluator.left < (1 + VERDICTS.repeats) * screening.comparison.estimate.evaluations:
        return _undecided(screening, UndecidedReason.SPENT)
    if prober.data.noise.stepped and screening.comparison.clearness < VERDICTS.unsteady_clearness:
        return _undecided(screening, UndecidedReason.STAIRCASE)
    reproducible, observations = _repeated(screening)
    if not reproducible:
        return _undecided(screening, UndecidedReason.UNSTEADY, observations=observations)
    if screening.comparison.zero and is_constant_nearby(prober, screening.line, screening.comparison):
        return _undecided(screening, UndecidedReason.STAIRCASE, observations=observations)
    if cancelled:
        prober = prober.again(data=prober.data.with_cancelled([block]))
        screening = screen_block(prober, block)
        if screening.agreement is Agreement.AGREES:
            note = "the claimed gradient is pure round-off: its terms cancel"
            return Decision(Verdict.PASS, screening, None, note, cancelled, observations)
        if screening.agreement is not Agreement.DISAGREES:
            return _undecided(screening, UndecidedReason.CANCELLED, cancelled, observations)
    if not cancelled and is_partly_cancelled(prober, block):
        return _undecided(screening, UndecidedReason.CANCELLED, observations=observations)
    close = zoomed(screening.prober, block, screening.comparison)
    if close is not None and not _same_slope(screening, close.measure(screening.line)):
        screening = screen_block(close, block)
        if screening.agreement is Agreement.AGREES:
            note = "the loss changes within a very short distance"
            return Decision(Verdict.PASS, screening, None, note, cancelled, observations)
        if screening.prober.data.chaotic or screening.agreement is not Agreement.DISAGREES:
            return _undecided(screening, UndecidedReason.SHORT, cancelled, observations)
    is_zero = prober.subject.space.is_zero(prober.data.claim[block])
    verdict, location, why = _located(block, screening, tolerated, verdict_only and not is_zero)
    reason = why if isinstance(why, UndecidedReason) else None
    found = Decision(verdict, screening, location, str(why), cancelled, observations, reason=reason)
    if verdict is not Verdict.FAIL or location is None:
        return found
    if is_zero:
        underflow = _underflow(screening, block, location)
        if underflow is not None:
            return _undecided(screening, UndecidedReason.UNDERFLOW, cancelled, (*observations, underflow))
        return found
    return (
        found if loss_accuracy == 0 else _with_accuracy(found, block, location, verdict_only, loss_accuracy, iterates)
    )


def _with_accuracy(
    found: Decision,
    block: int,
    location: Location,
    verdict_only: bool,
    loss_accuracy: float | None,
    iterates: Callable[[], bool],
) -> Decision:
    """The decision about a block that is wrong, if a solver inside the loss may have made the gap."""
    prober = found.screening.prober
    on_kink = prober.data.place is Place.BESIDE_KINK  # solvers give smooth losses
    known = on_kink or (location.listed and are_all_wrong(prober, block, location))
    shape = None if known else shape_of(prober, block, location, verdict_only=verdict_only, iterates=iterates)
    if shape is None:
        return found
    if shape.spread is None:
        return _undecided(found.screening, UndecidedReason.SPENT, found.cancelled, found.observations)
    if not shape.spread or (loss_accuracy is not None and shape.part > loss_accuracy):
        return replace(found, location=shape.location)
    agreement = f"agrees to {shape.part:.1e} of its norm"
    if loss_accuracy is not None:
        note = f"{agreement}, within the stated accuracy of the loss"
        return replace(found, verdict=Verdict.PASS, location=None, note=note, spread=shape.part)
    if verdict_only:
        note = f"{agreement}: {UndecidedReason.SOLVER}"
        return replace(found, verdict=Verdict.UNDECIDED, note=note, spread=shape.part)
    return replace(found, location=replace(location, listed=False), note=agreement, spread=shape.part)


def _undecided(
    screening: Screening,
    reason: UndecidedReason,
    cancelled: bool = False,
    observations: tuple[Observation, ...] = (),
) -> Decision:
    return Decision(Verdict.UNDECIDED, screening, None, str(reason), cancelled, observations, reason=reason)


def _located(
    block: int, screening: Screening, tolerated: Verdict, verdict_only: bool
) -> tuple[Verdict, Location | None, UndecidedReason | str]:
    """The verdict on a gap that is reproducible, where it is, and a note."""
    prober, comparison = screening.prober, screening.comparison
    location = locate(prober, block, comparison, verdict_only=verdict_only)
    if location.materiality is Materiality.WRONG:
        if _on_a_staircase(block, screening, location):
            return Verdict.UNDECIDED, None, UndecidedReason.STAIRCASE
        return Verdict.FAIL, find_all_wrong(prober, block, location), ""
    most = math.sqrt(prober.subject.blocks[block].size) * prober.data.rtol * comparison.norm  # of all entries together
    small = prober.data.noise.constant or abs(comparison.gap) - comparison.error_bar <= most
    if location.materiality is Materiality.TOLERATED and small:
        scale = max(comparison.norm, abs(comparison.claimed), abs(comparison.estimate.value))
        note = f"off by {abs(comparison.gap) / scale:.1e} of the block: visible, but within the tolerance"
        location = replace(location, background=0.0 if location.complete else largest_part(prober, block, comparison))
        return tolerated, location, note if tolerated is Verdict.PASS else UndecidedReason.BESIDE_KINK
    evaluator = prober.evaluator
    needed = 2 * VERDICTS.entry_cost + VERDICTS.for_diagnosis * evaluator.budget
    spent = not location.complete and evaluator.left < needed
    reason = UndecidedReason.SPENT if spent else UndecidedReason.UNCLEAR
    return Verdict.UNDECIDED, location, reason


def _underflow(screening: Screening, block: int, location: Location | None) -> Observation | None:
    """That a claim of zero is what its type makes of the right values; None if it could hold one of them."""
    prober = screening.prober
    smallest = prober.subject.space.smallest(prober.data.claim[block])
    entries = location.entries if location is not None else ()
    if not entries or not all(abs(entry.numeric) + entry.error < smallest for entry in entries):
        return None
    worst = max(entries, key=lambda entry: abs(entry.numeric))
    name = prober.subject.blocks[block].name
    return Observation("underflow", f"{name}{worst}; the smallest number that its type holds is {smallest:.2g}")


def does_not_move(screening: Screening) -> bool:
    """Whether the loss changed by no more than the noise of two values over all steps that were tried."""
    estimate = screening.comparison.estimate
    return estimate.rise <= 2 * max(screening.prober.data.noise.level, estimate.noise)


def _on_a_staircase(block: int, screening: Screening, location: Location) -> bool:
    """Whether jumps of the loss explain the gap, along the block or along the entry with the largest gap.

    On a staircase an entry that was off is not when it is measured again, by steps of another length. Where no entry
    was measured, the line may be that of many small ones beside one that is on a tread; then those that matter most are
    looked at by themselves.
    """
    prober, found = screening.prober, screening.comparison
    if is_staircase(prober, screening.line, found):
        return True
    wrong = [entry for entry in location.entries if entry.wrong]
    if not wrong:
        return not location.entries and _is_on_treads(prober, block, screening)
    worst = max(wrong, key=lambda entry: abs(entry.gap))
    again, line, _ = prober.entry(block, worst.index)
    gridded = again.estimate.noise > PROBES.proof * prober.data.noise.level  # its values lie on a grid
    if again.agrees or (gridded and not again.disagrees) or is_staircase(prober, line, again):
        return True
    longer = over_treads(prober, line, again)
    return longer is not None and not longer.entry(block, worst.index)[0].proves


def _is_on_treads(prober: Prober, block: int, screening: Screening) -> bool:
    """Whether the entries of a block that change the loss most are on a tread over the steps along a line.

    Then they change nothing along it, beside smaller ones that do, and a gap has to show over several treads.
    """
    space, scaling, found = prober.subject.space, prober.data.scaling[block], screening.comparison
    for part in reversed(space.bands(scaling, PROBES.bands)):
        if not space.selects(scaling, part) or prober.evaluator.left < 2 * PROBES.detail_cost:
            continue
        line = prober.part_of(screening.line, block, part)
        if not keeps_value(prober, line, found):
            continue
        longer = over_treads(prober, line, prober.measure(line, start=found.estimate.start))
        if longer is not None and not longer.measure(screening.line).proves:
            return True
    return False


def _same_slope(screening: Screening, close: Comparison) -> bool:
    """Whether far shorter steps along the same line show the gap that was found: then they add nothing to it."""
    gap, moved = screening.comparison.gap, close.estimate.value - screening.comparison.estimate.value
    return close.disagrees and abs(moved) <= VERDICTS.repeat_part * abs(gap)


def _repeated(screening: Screening) -> tuple[bool, tuple[Observation, ...]]:
    """Whether the slope along the very same line, by the very same steps, comes out the same again."""
    prober, first = screening.prober, screening.comparison.estimate
    again = [prober.measure(screening.line, start=first.start).estimate.value for _ in range(VERDICTS.repeats)]
    spread = max(abs(value - first.value) for value in again)
    observations: tuple[Observation, ...] = ()
    if spread > 0 and spread > first.error:
        slopes = [prober.subject.for_user(value) for value in (first.value, *again)]
        evidence = "the slope along one and the same line is " + ", then ".join(f"{slope:.6g}" for slope in slopes)
        observations = (Observation("nondeterministic", evidence),)
    gap, bar = abs(screening.comparison.gap), screening.comparison.error_bar
    certain = 1.0 if prober.data.noise.steady else VERDICTS.unsteady_clearness
    return spread <= VERDICTS.repeat_part * gap and gap > certain * bar, observations
