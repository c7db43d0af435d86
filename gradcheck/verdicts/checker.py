"""How a subject is checked: at the user's point and at a generic one nearby, all blocks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gradcheck.differences.estimate import Status
from gradcheck.differences.noise import EPSILON, ORDINARY
from gradcheck.probes.budget import Effort
from gradcheck.probes.cancellation import sift
from gradcheck.probes.comparison import PROOF
from gradcheck.probes.generic_point import generic, nearer, states_at
from gradcheck.probes.point import Site
from gradcheck.probes.screening import BlockState, State, closer, survey
from gradcheck.probes.user_point import arrive
from gradcheck.subjects.subject import Subject
from gradcheck.verdicts.bisection import LEAVE, Location, Matter, measure_all
from gradcheck.verdicts.decision import accuse
from gradcheck.verdicts.reasons import Doubt
from gradcheck.verdicts.result import BlockCheck, Check
from gradcheck.verdicts.shrinking import untraced
from gradcheck.verdicts.subgradient import Membership, Surroundings, judge, right_beside, sharpened
from gradcheck.verdicts.verdict import Verdict

#: Where a gradient of zero is right.
FLAT = "the loss is the same all around your point, and the claim is zero: check at a point where it changes as well"

#: Joint rays through the user's point.
RAYS_HERE = 2

#: What a generic point may cost.
ELSEWHERE = 20

#: What is looked into, the clearest gap first.
DOUBTFUL = (State.SUSPECT, State.KINK)

#: How far from a kink the gradient is looked at again.
ASIDE = (2.0**-10, 2.0**-7, 2.0**-14)


def check(subject: Subject, rtol: float, rng: np.random.Generator, effort: Effort, *, entries: bool = False) -> Check:
    """Check a subject.

    Parameters
    ----------
    subject : Subject
    rtol : float
        Relative error in one entry that matters.
    rng : numpy.random.Generator
    effort : Effort
        Counts, and bounds, what is spent.
    entries : bool
        Measure every entry on its own as well.
    """
    with subject.session():
        checker = _Checker(subject, rtol, rng, effort)
        return checker.run(entries)


class _Checker:
    """The steps of one check, in order."""

    def __init__(self, subject: Subject, rtol: float, rng: np.random.Generator, effort: Effort) -> None:
        self.subject, self.rtol, self.rng, self.effort = subject, rtol, rng, effort
        self.remarks: dict[str, str] = {}
        self.notes: list[str] = []
        self.results: dict[int, BlockCheck] = {}
        effort.spend(losses=subject.preparations)

    def run(self, entries: bool) -> Check:
        here = arrive(self.subject, self.rtol, self.rng, self.effort, self.remarks)
        with untraced():
            return self._probe(here, entries)

    def _probe(self, here: Site, entries: bool) -> Check:
        """Compare claim and slopes around the user's point."""
        finite = [b for b in range(len(here.point)) if self._usable(here, b)]
        if finite:
            self._look_here(here, finite)
        if finite and not self._enough():
            self._look_elsewhere(here, [b for b in finite if self.results[b].verdict is not Verdict.FAIL])
        if entries:
            for b in finite:
                self._every_entry(here, b)
        self.remarks.update(self.subject.remarks())
        return Check(
            tuple(self.results[b] for b in sorted(self.results)),
            here.value,
            here.noise,
            self.effort.losses,
            self.effort.gradients,
            self.remarks,
            tuple(self.notes),
        )

    # -- the user's point ------------------------------------------------------------------------------------------

    def _usable(self, site: Site, b: int) -> bool:
        """Whether a block has entries, all finite; else its result is clear already."""
        block, claim = self.subject.blocks[b], site.claim[b]
        if claim.size == 0:
            self.results[b] = BlockCheck(block, Verdict.PASS, 0.0, None, site.name, note="no entries")
            return False
        bad = ~np.isfinite(claim)
        if bad.any():
            first = tuple(int(i) for i in np.argwhere(bad)[0])
            note = f"{int(bad.sum())} of {claim.size} entries are NaN or infinite, the first at {list(first)}"
            self.results[b] = BlockCheck(block, Verdict.FAIL, math.nan, None, site.name, note=note)
            return False
        return True

    def _look_here(self, here: Site, finite: Sequence[int]) -> None:
        sift(here)
        here.listen([b in finite for b in range(len(here.point))])
        single = sum(here.point[b].size for b in finite) == 1
        if here.flat:
            self.notes.append(FLAT)
        states = survey(here, finite, 1 if single else RAYS_HERE, closely=False, apart=False)
        around = Surroundings(here)
        shared = [b for b, state in states.items() if state.state in DOUBTFUL and not state.own]
        sharp = sharpened(states[shared[0]]) if shared else None
        if sharp is not None and sharp.state is State.AGREES:
            states |= {b: replace(states[b], state=State.AGREES, comparison=sharp.comparison) for b in shared}
        elif sharp is not None and right_beside(sharp):  # on kinks that explain what all together show
            for b in shared:
                self._subgradient(b, replace(states[b], comparison=sharp.comparison), around)
        else:
            states |= {b: survey(here, [b], 1, closely=False)[b] for b in shared}
        doubts = [b for b, state in states.items() if state.state in DOUBTFUL and b not in self.results]
        for b in sorted(doubts, key=lambda b: states[b].comparison.clearness, reverse=True):
            if self._enough():
                return
            self._settle(b, states[b], around)
        for b, state in states.items():
            if b not in self.results:
                self._conclude(b, state if self._short(LEAVE) else closer(b, state), around)

    def _conclude(self, b: int, state: BlockState, around: Surroundings) -> None:
        if state.state in DOUBTFUL:
            self._settle(b, state, around)
            return
        verdict = Verdict.PASS if state.state is State.AGREES else Verdict.UNDECIDED
        self._record(b, verdict, state, note="" if verdict is Verdict.PASS else self._why(state))

    @staticmethod
    def _why(state: BlockState) -> str:
        """Why a slope is not known well enough."""
        site, status = state.site, state.comparison.estimate.status
        faint = status is Status.NOISY and site.noise <= ORDINARY * EPSILON * abs(site.value)
        return str(Doubt.FAINT) if faint else status.advice

    def _record(
        self, b: int, verdict: Verdict, state: BlockState, location: Location | None = None, note: str = ""
    ) -> None:
        block, site = self.subject.blocks[b], state.site
        norm = float(np.linalg.norm(np.asarray(site.claim[b], dtype=np.float64).ravel()))
        self.results[b] = BlockCheck(block, verdict, norm, state, site.name, location, note)

    # -- doubts at the user's point ----------------------------------------------------------------------------------

    def _settle(self, b: int, state: BlockState, around: Surroundings) -> None:
        """A block that disagrees, or has a kink, at the user's point."""
        sharp = sharpened(state)
        if sharp.state is State.AGREES:
            self._conclude(b, sharp, around)
        elif right_beside(sharp):
            self._subgradient(b, sharp, around)
        elif state.state is State.SUSPECT:
            self._accuse(b, state)
        else:
            self._accuse_beside(b, state)

    def _subgradient(self, b: int, state: BlockState, around: Surroundings) -> None:
        """The gradient is right on either side: the claim at the point itself must be a subgradient."""
        answer = judge(state.site, b, around)
        if answer.membership is Membership.INSIDE:
            note = "on a kink: the claim is a valid subgradient, and right on either side"
            self._record(b, Verdict.PASS, state, note=note)
            return
        assert answer.entry is not None
        outside = answer.membership is Membership.OUTSIDE
        verdict = Verdict.FAIL if outside else Verdict.UNDECIDED
        note = f"on a kink: {answer.entry}, {answer.membership.value} ({answer.left:.6g}, {answer.right:.6g})"
        note = note if outside else f"{answer.entry} ({answer.left:.6g}, {answer.right:.6g}): {Doubt.SEVERAL}"
        self._record(b, verdict, state, Location(Matter.WRONG, (answer.entry,), complete=False), note)

    def _accuse_beside(self, b: int, state: BlockState) -> None:
        """On a kink, wrong on one side of it: what is wrong is looked for there, where the loss is smooth."""
        here = state.site
        for distance in ASIDE:
            site = here.displaced(here.random_shift(least=0.5), distance, "a point beside yours")
            if site is None:
                continue
            site.listen()
            site.exponent, site.largest = None, math.frexp(distance)[1] - 7  # the kink must stay out of reach
            beside = survey(site, [b], 1)[b]
            if beside.state is State.SUSPECT:
                self._accuse(b, beside, tolerated=Verdict.UNDECIDED)
                return
        self._record(b, Verdict.UNDECIDED, state, note=str(Doubt.KINKS))

    def _accuse(self, b: int, state: BlockState, note: str = "", tolerated: Verdict = Verdict.PASS) -> None:
        """A gap that the error bar does not explain. Once one is proved, some of the budget is left for its cause."""
        if self._short(LEAVE / 2):
            self._record(b, Verdict.UNDECIDED, state, note=str(Doubt.UNPROVED))
            return
        ruling = accuse(b, state, self.remarks, tolerated=tolerated)
        text = note if ruling.verdict is Verdict.FAIL else ruling.note
        self._record(b, ruling.verdict, ruling.state, ruling.location, text)

    def _enough(self) -> bool:
        """Whether nobody asks for more than that some block is wrong."""
        return self.effort.brief and any(result.verdict is Verdict.FAIL for result in self.results.values())

    def _short(self, part: float) -> bool:
        """Whether a block is known to be wrong, and less than a part of the budget is left to find out why."""
        wrong = any(result.verdict is Verdict.FAIL for result in self.results.values())
        return wrong and self.effort.left < part * self.effort.budget

    # -- a generic point -------------------------------------------------------------------------------------------

    def _look_elsewhere(self, here: Site, chosen: Sequence[int]) -> None:
        if not chosen:
            return
        if self.effort.left < ELSEWHERE or self._short(LEAVE):
            self.notes.append("the budget did not suffice for a generic point nearby: only your point was checked")
            return
        self.effort.stage = "a generic point nearby"
        shift = here.generic_shift()
        distance, there = generic(here, shift)
        if there is None:
            self.notes.append("no generic point nearby has a finite loss and gradient: only your point was checked")
            return
        for b, state in states_at(there, chosen).items():
            if self._enough():
                return
            name = self.subject.blocks[b].name
            if state.state is State.SUSPECT:
                half_way = nearer(here, shift, distance, b)
                if half_way is State.AGREES and not here.flat:
                    self.notes.append(
                        f"{name}: claim and slope part at a generic point nearby, but agree closer to yours: the loss "
                        "may follow another formula there"
                    )
                else:
                    self._accuse_elsewhere(b, state, certain=half_way is State.SUSPECT)
            elif state.state is not State.AGREES:
                self._open_elsewhere(b, state)

    def _open_elsewhere(self, b: int, state: BlockState) -> None:
        """A pass stands on its own, but for one that says no more than that the claim is a subgradient."""
        status = state.comparison.estimate.status.value
        self.notes.append(f"{self.subject.blocks[b].name}: a generic point nearby could not be decided ({status})")
        result = self.results[b]
        if result.verdict is Verdict.PASS and result.state is not None and result.state.state is not State.AGREES:
            self.results[b] = replace(result, verdict=Verdict.UNDECIDED, note=str(Doubt.SUBGRADIENT))

    def _accuse_elsewhere(self, b: int, state: BlockState, *, certain: bool) -> None:
        before = self.results[b]
        self._accuse(b, state, note="right at your point, wrong at a generic point nearby")
        verdict = self.results[b].verdict
        unproved = verdict is Verdict.UNDECIDED and abs(state.comparison.gap) > PROOF * state.comparison.bar
        if unproved or (verdict is Verdict.FAIL and not certain):
            self.results[b] = replace(self.results[b], verdict=Verdict.UNDECIDED, note=str(Doubt.ELSEWHERE))
        elif verdict is not Verdict.FAIL:
            self.results[b] = before

    # -- every entry -----------------------------------------------------------------------------------------------

    def _every_entry(self, here: Site, b: int) -> None:
        result = self.results[b]
        if result.state is None or (result.location is not None and result.location.complete):
            return
        self.effort.stage = f"every entry of {result.block.name}"
        entries = measure_all(here, b)
        matter = Matter.WRONG if result.verdict is Verdict.FAIL else Matter.TOLERATED
        location = Location(matter, entries, complete=len(entries) == here.point[b].size)
        self.results[b] = replace(result, location=location)
