"""How a subject is checked: all its blocks, at the user's point and at a generic one nearby."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradcheck.differences.estimate import Status
from gradcheck.differences.settings import EPSILON, NOISE
from gradcheck.probes.cancellation import classify_negligible
from gradcheck.probes.evaluator import Evaluator
from gradcheck.probes.first_lines import first_lines
from gradcheck.probes.generic_point import generic_point, generic_shift, screen_nearer, screen_there
from gradcheck.probes.observation import Observation
from gradcheck.probes.place import Place
from gradcheck.probes.prober import Prober
from gradcheck.probes.screening import Agreement, Screening, resolve, screen, screen_block
from gradcheck.probes.settings import PROBES
from gradcheck.probes.tightened import TightenedLoss
from gradcheck.probes.unclaimed import screen_unclaimed
from gradcheck.probes.user_point import evaluate_user_point
from gradcheck.verdicts.decision import Decision, decide, does_not_move
from gradcheck.verdicts.entry import Location, Materiality, measure_all, wrong_entries
from gradcheck.verdicts.group_testing import find_all_wrong
from gradcheck.verdicts.hull import Refutation, refutation
from gradcheck.verdicts.nearby import NearbyGradients
from gradcheck.verdicts.reasons import UndecidedReason
from gradcheck.verdicts.result import BlockResult, CheckResult, Ground
from gradcheck.verdicts.settings import VERDICTS
from gradcheck.verdicts.shrinking import untraced
from gradcheck.verdicts.subgradient import (
    Membership,
    judge_subgradient,
    right_on_both_sides,
    sharpened,
)
from gradcheck.verdicts.tightly import decided_tightly, within_accuracy
from gradcheck.verdicts.verdict import Verdict

#: Said of a gradient of zero that is right where the loss does not change at all.
CONSTANT = "the loss is constant around your point, and the claim is zero: also check at a point where it changes"

#: Said of a block that differences cannot decide, and whose claim is a recorded derivative.
EXACT = (
    "equals the exact derivative of the recorded operations to rounding, here and at another point; kinks or rounding "
    "of the loss hide it from differences"
)

#: Reasons that say that noise or kinks hide a slope, not that it is another one than claimed.
HIDING = (
    UndecidedReason.CANCELLED,
    UndecidedReason.COARSE,
    UndecidedReason.FAINT,
    UndecidedReason.SHORT,
    UndecidedReason.STAIRCASE,
    UndecidedReason.UNCLEAR,
)

#: The blocks whose claim is the exact derivative of the recorded loss. Asked once, where differences do not decide.
Witness = Callable[[], Collection[int]]

#: Whether a recording shows a solver in the loss. Asked once, where a gap may be that of one.
Iterates = Callable[[], bool]

#: The loss with smaller tolerances of the solvers in it, if there are any. Asked once, where it does not pass.
Tightened = Callable[[], TightenedLoss | None]

#: Screenings that need a decision; the clearest gap is decided first.
DOUBTFUL = (Agreement.DISAGREES, Agreement.KINK)


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What a check is asked for.

    Attributes
    ----------
    rtol : float
        Relative error in one entry that matters.
    entries : bool
        Whether every entry is measured on its own as well.
    verdict_only : bool
        Whether the verdict alone is wanted: once a block is known to be wrong, nothing more is measured.
    loss_accuracy : float or None
        Known relative accuracy of loss and gradient, where solvers inside them stop early; 0 if they are exact to
        rounding; None if nothing is known.
    """

    rtol: float
    entries: bool = False
    verdict_only: bool = False
    loss_accuracy: float | None = None


def check(
    evaluator: Evaluator,
    options: CheckOptions,
    rng: np.random.Generator,
    witness: Witness | None = None,
    iterates: Iterates | None = None,
    tightened: Tightened | None = None,
) -> CheckResult:
    """Check the subject of an evaluator.

    Parameters
    ----------
    evaluator : Evaluator
    options : CheckOptions
    rng : numpy.random.Generator
    witness : callable, optional
        What it says decides about blocks that differences leave undecided, if it agrees with them on others.
    iterates : callable, optional
        Whether there is known to be a solver in the loss: its tolerance may make larger gaps than are usual.
    tightened : callable, optional
        The loss and its gradient with smaller tolerances of solvers.

    Raises
    ------
    SubjectError
        If the loss is not finite at the user's point. What the user's functions raise there is passed on.
    """
    with evaluator.subject.session():
        here = evaluate_user_point(evaluator, options.rtol, rng)
        with untraced():
            return _Check(evaluator, options, here.observations, witness, iterates, tightened).run(here.prober)


class _Check:
    """The steps of one check, in order, and what they have found so far."""

    def __init__(
        self,
        evaluator: Evaluator,
        options: CheckOptions,
        observations: Iterable[Observation],
        witness: Witness | None = None,
        iterates: Iterates | None = None,
        tightened: Tightened | None = None,
    ) -> None:
        self.evaluator, self.subject, self.options = evaluator, evaluator.subject, options
        self.iterates = functools.cache(iterates) if iterates else lambda: False
        self.tightened = functools.cache(tightened) if tightened else lambda: None
        self.witness, self.exact = witness, None if witness else frozenset[int]()
        self.observations = {observation.slug: observation for observation in observations}
        self.notes: list[str] = []
        self.results: dict[int, BlockResult] = {}
        self.cancelled: set[int] = set()
        self.on_kinks: dict[int, Screening] = {}
        self.on_staircases: set[int] = set()
        self.hidden: set[int] = set()  # undecided since noise or kinks hide what would matter

    def run(self, here: Prober) -> CheckResult:
        """Compare claimed and numerical derivatives at the user's point, then at a generic one."""
        usable = [b for b in here.data.blocks if self._usable(here, b)]
        if usable:
            here = self._at_the_users_point(here, usable)
        if usable and not self._enough():
            settled = {b for b in usable if self.results[b].verdict is Verdict.FAIL or self._rests_on_recording(b)}
            settled |= self.on_staircases
            self._at_generic_points(here, [b for b in usable if b not in settled])
        self._withdraw()
        if self.options.entries:
            for b in usable:
                self._every_entry(here, b)
        seen = self.observations | {slug: Observation(slug, text) for slug, text in self.subject.remarks().items()}
        return CheckResult(
            tuple(self.results[b] for b in sorted(self.results)),
            self.evaluator.subject.for_user(here.data.value),
            self.evaluator.subject.for_user(here.data.noise.level),
            tuple(seen.values()),
            (*self.notes, *self.subject.notes()),
        )

    # -- the user's point -------------------------------------------------------------------------------------------

    def _usable(self, here: Prober, b: int) -> bool:
        """Whether a block has entries, all finite; else its result is clear already."""
        block = self.subject.blocks[b]
        if block.size == 0:
            self.results[b] = BlockResult(block, Verdict.PASS, 0.0, None, Place.USER, note="no entries")
            return False
        bad = self.subject.space.not_finite(here.data.claim[b])
        if bad:
            count, first = bad
            note = f"{count} of {block.size} entries are NaN or infinite, the first at {list(first)}"
            self.results[b] = BlockResult(block, Verdict.FAIL, math.nan, None, Place.USER, note=note)
            return False
        return True

    def _at_the_users_point(self, here: Prober, usable: Sequence[int]) -> Prober:
        """Settle every block at the user's point, the clear ones first; returns the prober with what was learnt."""
        here = classify_negligible(here)
        single = sum(self.subject.blocks[b].size for b in usable) == 1
        lines = 1 if single else PROBES.joint_directions
        first = first_lines(here, usable, 1 if self.options.verdict_only else lines)
        here = first.prober if first else _noise_measured(here, usable)
        if here.data.noise.constant:
            self.notes.append(CONSTANT)
        found = screen(here, usable, lines, closely=False, apart=False, first=first.lines if first else ())
        nearby = NearbyGradients(here)
        found |= self._jointly_doubtful(here, found, nearby)
        doubts = [b for b, one in found.items() if one.agreement in DOUBTFUL and b not in self.results]
        for b in sorted(doubts, key=lambda b: (found[b].own, found[b].comparison.clearness), reverse=True):
            if self._enough():
                break
            self._conclude(b, found[b] if found[b].own else screen_block(here, b), nearby)
        left = [b for b in found if b not in self.results]
        for b in sorted(left, key=lambda b: found[b].agreement is not Agreement.AGREES):
            one = found[b]
            if self._enough():
                break
            if one.agreement is Agreement.AGREES:
                self._unclaimed(b, one, nearby)
            if b not in self.results and one.agreement is Agreement.UNRESOLVED:
                self._ask_witness(b, one)
            if b not in self.results:
                short = self._budget_kept(VERDICTS.for_diagnosis)
                self._conclude(b, one if short else resolve(b, one), nearby)
        self._judge_together(here, nearby)
        for b in sorted(self.hidden) if not self._enough() else ():
            if self.results[b].verdict is Verdict.UNDECIDED:
                self._ask_witness(b, found[b])
        return here.again(data=here.data.with_cancelled(self.cancelled)) if self.cancelled else here

    def _ask_witness(self, b: int, screening: Screening) -> None:
        """Pass a block if the witness says that its claim is right, and neither is at odds with what differences show.

        They have to agree where differences decide, or on a slope that is known well enough.
        """
        left = {k: one for k, one in self.results.items() if one.verdict is not Verdict.FAIL and one.measured}
        passing = {k for k, one in left.items() if one.verdict is Verdict.PASS and not one.is_zero}
        seen = [screening, *(one.screening for one in left.values() if one.screening is not None)]
        if not passing and not any(map(_confirms, seen)):
            return
        exact = self._recorded()
        if b in exact and passing <= exact and not self._is_refuted():
            self._record(b, Verdict.PASS, screening, note=EXACT, ground=Ground.RECORDING)

    def _recorded(self) -> frozenset[int]:
        """The blocks whose claim is a recorded derivative."""
        if self.exact is None:
            assert self.witness is not None, "asked already"
            self.exact = frozenset(self.witness())
        return self.exact

    def _rests_on_recording(self, b: int) -> bool:
        return self.results[b].ground is Ground.RECORDING

    def _is_refuted(self) -> bool:
        """Whether differences prove that a recorded derivative is wrong: something in the loss was not recorded."""
        return any(b in (self.exact or ()) and one.verdict is Verdict.FAIL for b, one in self.results.items())

    def _withdraw(self) -> None:
        """Leave open what rests on a recording that was refuted later."""
        for b in [b for b in self.results if self._rests_on_recording(b) and self._is_refuted()]:
            screening = self.results[b].screening
            note = "" if screening is None else _why_unresolved(b, screening)
            self.results[b] = replace(self.results[b], verdict=Verdict.UNDECIDED, ground=Ground.DIFFERENCES, note=note)

    def _unclaimed(self, b: int, screening: Screening, nearby: NearbyGradients) -> None:
        """Tiny entries of a block that agrees, with a claim of zero: settled here if they disagree."""
        found = screen_unclaimed(screening.prober, b)
        if found is None or found.agreement is not Agreement.DISAGREES:
            return
        if right_on_both_sides(found):  # the claim is zero at the point alone
            refuted = refutation(found.prober, [b], NearbyGradients(found.prober))
            if refuted is not None and refuted.certain:
                self._refuted(found.prober, b, refuted)
            return
        self._settle(b, found, nearby)
        if self.results[b].verdict is not Verdict.FAIL:
            del self.results[b]  # a gap that is not proved at a size that is only assumed says nothing

    def _jointly_doubtful(
        self, here: Prober, found: dict[int, Screening], nearby: NearbyGradients
    ) -> dict[int, Screening]:
        """Blocks that disagree, or have a kink, along a joint line: settled together, or screened one by one."""
        joint = [b for b, one in found.items() if one.agreement in DOUBTFUL and not one.own]
        sharp = sharpened(found[joint[0]]) if joint else None
        if sharp is None:
            return {}
        if sharp.agreement is Agreement.AGREES:
            return {b: replace(found[b], agreement=Agreement.AGREES, comparison=sharp.comparison) for b in joint}
        if right_on_both_sides(sharp):  # kinks explain what all blocks show together
            for b in joint:
                self._subgradient(b, replace(found[b], comparison=sharp.comparison), nearby)
            return {}
        return self._one_wrong(here, joint) if self.options.verdict_only else self._halved(here, joint)

    def _one_wrong(self, here: Prober, group: Sequence[int]) -> dict[int, Screening]:
        """One of the blocks that disagree together, and others on the way to it: the verdict needs no more."""
        found: dict[int, Screening] = {}
        while len(group) > 1:
            first, rest = group[: len(group) // 2], group[len(group) // 2 :]
            one = screen(here, first, 1, closely=False, apart=False, brief=True)
            found |= one
            group = first if any(screening.agreement in DOUBTFUL for screening in one.values()) else rest
        last = group[0]
        if last not in found or not found[last].own:
            found[last] = screen_block(here, last, brief=True)
        return {b: one for b, one in found.items() if one.own or one.agreement not in DOUBTFUL}

    def _halved(self, here: Prober, group: Sequence[int]) -> dict[int, Screening]:
        """Blocks that disagree together: each on its own where they are few, else half by half (group testing)."""
        if len(group) <= VERDICTS.few_blocks:
            return {b: screen_block(here, b) for b in group}
        found: dict[int, Screening] = {}
        middle = len(group) // 2
        for half in (group[:middle], group[middle:]):
            one = screen(here, half, 1, closely=False, apart=False)
            joint = [b for b, screening in one.items() if screening.agreement in DOUBTFUL and not screening.own]
            found |= one | (self._halved(here, joint) if joint else {})
        return found

    def _conclude(self, b: int, screening: Screening, nearby: NearbyGradients) -> None:
        if screening.agreement in DOUBTFUL:
            self._settle(b, screening, nearby)
        elif screening.agreement is Agreement.AGREES:
            self._record(b, Verdict.PASS, screening)
        else:
            self.hidden.add(b)
            self._record(b, Verdict.UNDECIDED, screening, note=_why_unresolved(b, screening))
            self._unresolved_tightly(b, screening)

    def _unresolved_tightly(self, b: int, screening: Screening) -> None:
        """A block whose slope is not known well enough, with smaller tolerances of solvers."""
        found = None if self._budget_kept(VERDICTS.for_diagnosis) else self._tightly(b, screening)
        if found is not None:
            self._note(b, found)

    def _tightly(self, b: int, screening: Screening, tolerated: Verdict = Verdict.PASS) -> Decision | None:
        """What smaller tolerances of solvers decide, and the accuracy that was stated."""
        accuracy, verdict_only = self.options.loss_accuracy, self.options.verdict_only
        if accuracy == 0:
            return None
        found = decided_tightly(b, screening, self.tightened, tolerated=tolerated, verdict_only=verdict_only)
        if accuracy is None or found is None or found.spread is None:
            return found
        return within_accuracy(found) if found.spread <= accuracy else None

    def _note(self, b: int, decision: Decision, note: str = "") -> None:
        """Record a decision."""
        self.observations = {o.slug: o for o in decision.observations} | self.observations
        text = note if decision.verdict is Verdict.FAIL else decision.note
        self._record(b, decision.verdict, decision.screening, decision.location, text)
        if decision.spread is not None:
            self.results[b] = replace(self.results[b], spread=decision.spread, note=decision.note)

    def _record(
        self,
        b: int,
        verdict: Verdict,
        screening: Screening,
        location: Location | None = None,
        note: str = "",
        ground: Ground = Ground.DIFFERENCES,
    ) -> None:
        data = screening.prober.data
        self.results[b] = BlockResult(
            self.subject.blocks[b],
            verdict,
            data.subject.for_user(self.subject.space.norm(data.claim[b])),
            screening,
            data.place,
            data.zoomed,
            ground=Ground.SUBGRADIENT if verdict is Verdict.PASS and b in self.on_kinks else ground,
            location=location,
            note=note,
        )

    # -- doubts at the user's point ---------------------------------------------------------------------------------

    def _settle(self, b: int, screening: Screening, nearby: NearbyGradients) -> None:
        """A block that disagrees, or has a kink, at the user's point."""
        sharp = sharpened(screening)
        if sharp.agreement is Agreement.AGREES:
            self._conclude(b, sharp, nearby)
        elif right_on_both_sides(sharp):
            self._subgradient(b, sharp, nearby)
        elif screening.agreement is Agreement.DISAGREES:
            self._decide(b, screening)
        else:
            self._decide_beside(b, screening)

    def _subgradient(self, b: int, screening: Screening, nearby: NearbyGradients) -> None:
        """The gradient is right on either side: the claim at the point itself must be a subgradient."""
        answer = judge_subgradient(screening.prober, b, nearby)
        if answer.membership is not Membership.OUTSIDE:
            self.on_kinks[b] = screening
        if answer.membership is Membership.INSIDE:
            note = "the point lies on a kink: the claim is a valid subgradient, and right on either side"
            self._record(b, Verdict.PASS, screening, note=note)
            return
        if answer.entry is None:
            self.hidden.add(b)
            self._record(b, Verdict.UNDECIDED, screening, note=str(UndecidedReason.KINKS))
            return
        sides = f"({answer.left:.6g}, {answer.right:.6g})"
        verdict = Verdict.UNDECIDED
        note = f"{answer.entry} {sides}: {UndecidedReason.SEVERAL_KINKS}"
        if answer.membership is Membership.OUTSIDE:
            verdict = Verdict.FAIL
            note = f"the point lies on a kink: {answer.entry}; {answer.membership.value} {sides}"
        location = Location(Materiality.WRONG, (answer.entry,), complete=False)
        self._record(b, verdict, screening, location, note)

    def _judge_together(self, here: Prober, nearby: NearbyGradients) -> None:
        """Claims that are subgradients entry by entry, taken together: first those of all blocks, then of each."""
        left = [b for b in self.on_kinks if self.results[b].verdict is not Verdict.FAIL]
        groups = [left, *([b] for b in left if len(left) > 1)]
        for group in groups:
            chosen = [b for b in group if self.results[b].verdict is not Verdict.FAIL]
            found = refutation(here, chosen, nearby) if chosen else None
            if found is not None:
                for b in found.blocks:
                    if found.certain:
                        self._refuted(here, b, found)
                    else:
                        unclear = str(UndecidedReason.SEVERAL_KINKS)
                        self._record(b, Verdict.UNDECIDED, self.on_kinks[b], note=unclear)

    def _refuted(self, here: Prober, b: int, found: Refutation) -> None:
        """A block whose claim is no subgradient."""
        share = found.line.contribution(b)
        screening = Screening(
            here, Agreement.DISAGREES, found.comparison, share, found.line, own=len(found.blocks) == 1
        )
        for_user = here.subject.for_user
        claimed, left, right = map(for_user, (found.comparison.claimed, found.left, found.right))
        if found.smooth:
            note = "the loss is smooth here, and the claim at this very point is not what it is close to it"
            location = find_all_wrong(here, b, wrong_entries(here, b))
        else:
            together = " together with others" if len(found.blocks) > 1 else ""
            note = (
                f"the point lies on a kink: along one direction the claimed slope{together} is {claimed:.6g}, and the "
                f"slopes around the point are {left:.6g} to {right:.6g}, so the claim is no subgradient"
            )
            location = Location(Materiality.WRONG, (), complete=False)
        self._record(b, Verdict.FAIL, screening, location, note)

    def _decide_beside(self, b: int, screening: Screening) -> None:
        """On a kink, wrong on one side of it: the mistake is looked for on that side, where the loss is smooth."""
        if self.subject.only_here:
            self._record(b, Verdict.UNDECIDED, screening, note=str(UndecidedReason.ONLY_HERE))
            return
        here = screening.prober
        for distance in VERDICTS.beside_kink:
            shift = self.subject.space.random_shift(here.data.scaling, here.rng, least=0.5)
            if here.leads_away(shift, distance):
                continue
            beside = here.displaced(shift, distance, Place.BESIDE_KINK)
            if beside is None:
                continue
            beside = beside.with_measured_noise()
            largest = math.frexp(distance)[1] - VERDICTS.beside_margin
            beside = beside.again(policy=replace(beside.policy, start=None, largest=largest))
            found = screen(beside, [b], 1)[b]
            if found.agreement is Agreement.DISAGREES:
                self._decide(b, found, tolerated=Verdict.UNDECIDED)
                return
        self.hidden.add(b)
        self._record(b, Verdict.UNDECIDED, screening, note=str(UndecidedReason.KINKS))

    def _decide(
        self, b: int, screening: Screening, note: str = "", tolerated: Verdict = Verdict.PASS
    ) -> UndecidedReason | None:
        """A gap that the error bar does not explain; returns the reason where that is left open.

        Once one is confirmed, budget is kept for its diagnosis.
        """
        if self._budget_kept(VERDICTS.for_diagnosis / 2):
            self._record(b, Verdict.UNDECIDED, screening, note=str(UndecidedReason.UNPROVED))
            return UndecidedReason.UNPROVED
        decision = self._decided(b, screening, tolerated)
        if decision.verdict is Verdict.FAIL and does_not_move(decision.screening) and b in self._recorded():
            faint = UndecidedReason.FAINT  # larger terms inside the loss have swallowed what it changes by
            decision = replace(decision, verdict=Verdict.UNDECIDED, location=None, note=str(faint), reason=faint)
        if decision.cancelled and screening.prober.data.place is Place.USER:
            self.cancelled.add(b)
        if decision.reason is UndecidedReason.STAIRCASE and not screening.comparison.zero:
            self.on_staircases.add(b)  # it is one elsewhere as well: no gap there proves anything
        if decision.reason in HIDING:
            self.hidden.add(b)
        self._note(b, decision, note)
        return decision.reason

    def _decided(self, b: int, screening: Screening, tolerated: Verdict) -> Decision:
        """The decision about a gap, by smaller tolerances of solvers first where it is too large to be tolerated."""
        comparison, verdict_only = screening.comparison, self.options.verdict_only
        most = math.sqrt(self.subject.blocks[b].size) * self.options.rtol * comparison.norm
        large = abs(comparison.gap) > most + comparison.error_bar
        first = large and not verdict_only and self.options.loss_accuracy is None
        found = self._tightly(b, screening, tolerated) if first else None
        if found is not None:
            return found
        decision = decide(
            b,
            screening,
            tolerated=tolerated,
            verdict_only=verdict_only,
            loss_accuracy=self.options.loss_accuracy,
            iterates=self.iterates,
        )
        return decision if first or decision.is_final else self._tightly(b, screening, tolerated) or decision

    def _wrong(self) -> bool:
        """Whether a block is known to be wrong."""
        return any(result.verdict is Verdict.FAIL for result in self.results.values())

    def _enough(self) -> bool:
        """Whether no more is wanted than to know that some block is wrong."""
        return self.options.verdict_only and self._wrong()

    def _budget_kept(self, part: float) -> bool:
        """Whether a block is known to be wrong, and less than a part of the budget is left to diagnose it."""
        return self._wrong() and self.evaluator.left < part * self.evaluator.budget

    # -- a generic point --------------------------------------------------------------------------------------------

    def _at_generic_points(self, here: Prober, chosen: Sequence[int]) -> None:
        """Check blocks again where nothing is special, for mistakes that the user's point hides.

        For a block that is on kinks at the user's point, another generic point is tried where one says nothing.
        """
        left: dict[int, Screening] = {}
        for _ in range(0 if self.subject.only_here else VERDICTS.generic_points):
            if not chosen:
                break
            open_there = self._at_a_generic_point(here, chosen)
            left = {b: one for b, one in left.items() if b not in chosen} | open_there
            chosen = [b for b in chosen if b in left and self._is_subgradient(b)]
        for b, screening in left.items():
            if self.results[b].place is Place.USER and not (self.exact and b in self.exact):
                self._unresolved_elsewhere(b, screening)

    def _is_subgradient(self, b: int) -> bool:
        return self.results[b].verdict is Verdict.PASS and b in self.on_kinks

    def _at_a_generic_point(self, here: Prober, chosen: Sequence[int]) -> dict[int, Screening]:
        """Check blocks at a generic point; returns what is left open there."""
        if self.evaluator.left < VERDICTS.generic_cost or self._budget_kept(VERDICTS.for_diagnosis):
            self.notes.append("the budget did not suffice for a generic point nearby: only your point was checked")
            return {}
        self.evaluator.enter(Place.GENERIC.value)
        shift = generic_shift(here)
        distance, there = generic_point(here, shift)
        if there is None:
            self.notes.append("no generic point nearby has a finite loss and gradient: only your point was checked")
            return {}
        found = screen_there(there, chosen)
        for b, one in found.items():
            if self._enough():
                break
            if one.agreement is Agreement.DISAGREES:
                half_way = screen_nearer(here, shift, distance, b)
                if half_way is Agreement.AGREES and not here.data.noise.constant:
                    self.notes.append(
                        f"{self.subject.blocks[b].name}: the claimed and numerical derivatives agree at your point and "
                        "close to it, but not at a generic point nearby: the loss may take a different branch there"
                    )
                else:
                    self._decide_elsewhere(b, one, certain=half_way is Agreement.DISAGREES)
        return {b: one for b, one in found.items() if one.agreement not in (Agreement.AGREES, Agreement.DISAGREES)}

    def _unresolved_elsewhere(self, b: int, screening: Screening) -> None:
        """A pass needs no second point, except for one that shows no more than a valid subgradient."""
        status = screening.comparison.estimate.status.value
        self.notes.append(
            f"{self.subject.blocks[b].name}: the second check, at a generic point nearby, was inconclusive ({status}): "
            "the verdict rests on your point alone"
        )
        result = self.results[b]
        if self._is_subgradient(b):
            note = str(UndecidedReason.SUBGRADIENT)
            self.results[b] = replace(result, verdict=Verdict.UNDECIDED, note=note)

    def _decide_elsewhere(self, b: int, screening: Screening, *, certain: bool) -> None:
        before, observed = self.results[b], self.observations
        passed = before.verdict is Verdict.PASS
        note = "right at your point, wrong at a generic point nearby" if passed else "wrong at a generic point nearby"
        reason, comparison = self._decide(b, screening, note=note), screening.comparison
        small = before.spread is not None and abs(comparison.gap) <= VERDICTS.outlying_part * comparison.norm
        if small or reason in (UndecidedReason.TOLERANCE, UndecidedReason.SOLVER):  # a solver may be off by that
            self.results[b], self.observations = before, observed
            return
        verdict = self.results[b].verdict
        unproved = verdict is Verdict.UNDECIDED and abs(comparison.gap) > PROBES.proof * comparison.error_bar
        if unproved and before.verdict is Verdict.UNDECIDED:
            self.results[b] = before  # your own point has the better reason
        elif unproved or (verdict is Verdict.FAIL and not certain):
            note = str(UndecidedReason.GENERIC)
            self.results[b] = replace(self.results[b], verdict=Verdict.UNDECIDED, note=note)
        elif verdict is not Verdict.FAIL:
            self.results[b] = before

    # -- every entry ------------------------------------------------------------------------------------------------

    def _every_entry(self, here: Prober, b: int) -> None:
        result = self.results.get(b)  # none where the verdict alone was asked for, and another block is wrong
        if result is None or result.screening is None or (result.location is not None and result.location.complete):
            return
        self.evaluator.enter(f"every entry of {result.block.name}")
        entries = measure_all(here, b)
        refuted = result.refuted_by(entries)
        verdict = Verdict.FAIL if refuted else result.verdict
        materiality = Materiality.WRONG if verdict is Verdict.FAIL else Materiality.TOLERATED
        location = Location(materiality, entries, complete=len(entries) == result.block.size)
        self.results[b] = replace(result, verdict=verdict, location=location, note="" if refuted else result.note)


def _noise_measured(here: Prober, usable: Sequence[int]) -> Prober:
    """The prober with the noise of the loss, and with steps that are long enough for it."""
    found = here.with_measured_noise(usable)
    return found.again(data=found.data.with_sizes_for_noise())


def _confirms(screening: Screening) -> bool:
    """Whether a measured slope agrees with the claim so closely that both are of one function."""
    comparison = screening.comparison
    return not comparison.significant and 0 < comparison.error_bar <= VERDICTS.confirming * comparison.norm


def _why_unresolved(b: int, screening: Screening) -> str:
    """Why the slope of a block is not known well enough."""
    data, comparison = screening.prober.data, screening.comparison
    estimate, noise, space = comparison.estimate, data.noise.level, data.subject.space
    rounding = NOISE.ordinary * EPSILON * abs(data.value)
    if estimate.status in (Status.NOISY, Status.ROUGH):
        moved = space.norm(data.claim[b]) * space.norm(data.point[b])  # by its own size, if not by the steps
        hidden = 0 < moved <= (EPSILON * abs(data.value) if noise <= rounding else rounding)
        if hidden or (noise <= rounding and does_not_move(screening)):
            return str(UndecidedReason.FAINT)
        if noise <= rounding and comparison.tolerance * estimate.step < noise:  # rounding alone hides what would matter
            return str(UndecidedReason.COARSE)
    return estimate.status.advice
