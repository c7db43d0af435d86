"""A gap that may be the doing of a solver's tolerance, measured again with smaller tolerances.

What a solver makes goes away with its tolerance; what a mistake makes stays. Where the tolerances of the solvers in a
loss and in its gradient can be made smaller, this decides what the shape of a gap only suggests.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from gradcheck.probes.observation import Observation
from gradcheck.probes.place import Place
from gradcheck.probes.prober import Prober
from gradcheck.probes.screening import Agreement, Screening, resolve, screen_block
from gradcheck.probes.tightened import TightenedLoss
from gradcheck.verdicts.decision import Decision, decide
from gradcheck.verdicts.reasons import UndecidedReason
from gradcheck.verdicts.settings import VERDICTS
from gradcheck.verdicts.verdict import Verdict


def decided_tightly(
    block: int,
    screening: Screening,
    tightened: Callable[[], TightenedLoss | None],
    *,
    tolerated: Verdict = Verdict.PASS,
    verdict_only: bool = False,
) -> Decision | None:
    """The decision about a block that does not agree, from smaller tolerances of the solvers in loss and gradient.

    Parameters
    ----------
    block : int
    screening : Screening
        With the tolerances as they are.
    tightened : callable
        The loss with smaller ones, or None; asked only where it may matter.
    tolerated, verdict_only
        As for `decide`.

    Returns
    -------
    Decision or None
        UNDECIDED if the gap is gone, or less than a good part of it is left, and nothing else is wrong. FAIL, with what
        the smaller tolerances show, if that is wrong beyond doubt, whatever a solver may do. UNDECIDED as well if they
        matter, but leave the loss too rough to tell, and the gap is not large. None if they do not matter.
    """
    prober = screening.prober
    if prober.data.place is Place.BESIDE_KINK or not prober.data.noise.steady:
        return None
    smaller = tightened()
    tight = None if smaller is None else smaller.at(prober)
    if smaller is None or tight is None:
        return None
    found = screen_block(tight, block)
    if found.agreement is Agreement.UNRESOLVED:
        found = resolve(block, found)
    part = _part(prober, block)
    if found.agreement is Agreement.AGREES:
        return _of_solver(screening, block, part, "within rtol")
    if found.agreement is not Agreement.DISAGREES:
        return _unclear(screening, block, part)
    left = _part(tight, block)
    if left <= max(VERDICTS.tight_rest * part, min(VERDICTS.tight_part * part, VERDICTS.tight_least)):
        return _of_solver(screening, block, part, f"to {left:.1e}")
    again = decide(block, found, tolerated=tolerated, verdict_only=verdict_only)
    if again.verdict is Verdict.PASS:
        return _of_solver(screening, block, part, "within rtol")
    if again.spread is None:
        return again if again.verdict is Verdict.FAIL else _unclear(screening, block, part)
    if again.spread < VERDICTS.tight_part * part:
        return _of_solver(screening, block, part, f"to {again.spread:.1e}")
    return replace(again, verdict=Verdict.FAIL, spread=None, note="") if smaller.complete else None


def within_accuracy(found: Decision) -> Decision:
    """The decision that a gap which a solver makes is within the accuracy that was stated."""
    note = f"agrees to {found.spread:.1e} of its norm, within the stated accuracy of the loss"
    return replace(found, verdict=Verdict.PASS, note=note, observations=(), reason=None)


def _part(prober: Prober, block: int) -> float:
    """The gap as a part of the norm of what the entries contribute; of the slope itself where that is larger.

    So a claim of zero is off by all of it.
    """
    plain = prober.again(data=replace(prober.data, even=False))
    found = [plain.measure(plain.line([block])) for _ in range(VERDICTS.gap_lines)]
    sizes = [(abs(one.gap), max(one.norm, abs(one.estimate.value))) for one in found if math.isfinite(one.gap)]
    parts = [gap / size for gap, size in sizes if size > 0]
    return math.sqrt(sum(one * one for one in parts) / len(parts)) if parts else math.inf


def _unclear(screening: Screening, block: int, part: float) -> Decision | None:
    """The decision where tolerances matter, but what is left of a gap cannot be measured; None for a large gap."""
    if part > VERDICTS.outlying_part:
        return None
    name, agreement = screening.prober.subject.blocks[block].name, f"agrees to {part:.1e} of its norm"
    seen = Observation(
        "solver-tolerance", f"{name} {agreement}; the solvers inside make the loss too rough to tell more"
    )
    note = f"{agreement}: {UndecidedReason.SOLVER.value}"
    reason = UndecidedReason.SOLVER
    return Decision(Verdict.UNDECIDED, screening, note=note, observations=(seen,), spread=part, reason=reason)


def _of_solver(screening: Screening, block: int, part: float, left: str) -> Decision:
    """The decision that the tolerance of a solver makes a gap."""
    name = screening.prober.subject.blocks[block].name
    agreement = f"agrees to {part:.1e} of its norm, and {left} where the solvers inside have smaller tolerances"
    return Decision(
        Verdict.UNDECIDED,
        screening,
        note=f"{agreement}: {UndecidedReason.TOLERANCE.value}",
        observations=(Observation("solver-tolerance", f"{name} {agreement}"),),
        spread=part,
        reason=UndecidedReason.TOLERANCE,
    )
