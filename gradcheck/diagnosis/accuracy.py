"""Gaps that a solver's tolerance may make: wrong if a mistake explains them, undecided if none does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gradcheck.diagnosis.attribution import Fault
from gradcheck.diagnosis.settings import DIAGNOSIS
from gradcheck.probes.observation import Observation
from gradcheck.verdicts.reasons import UndecidedReason
from gradcheck.verdicts.result import BlockResult, CheckResult
from gradcheck.verdicts.settings import VERDICTS
from gradcheck.verdicts.verdict import Verdict


def settled(check: CheckResult, faults: Sequence[Fault]) -> tuple[CheckResult, list[Fault]]:
    """The check with such blocks undecided if no mistake explains them, and the faults that are left.

    Parameters
    ----------
    check : CheckResult
    faults : sequence of Fault
        Of the blocks that are wrong.
    """
    together = _everywhere(check.blocks)
    suspected = {block.block.name for block in check.blocks if _suspected(block, together)}
    open_faults = [
        fault
        for fault in faults
        if fault.result.spread is not None and not _explained(fault) and suspected.issuperset(fault.blocks)
    ]
    left = [fault for fault in faults if not any(fault is other for other in open_faults)]
    wrong = {name for fault in left for name in fault.blocks}
    blocks = tuple(_undecided(block) if block.block.name in suspected - wrong else block for block in check.blocks)
    names = [f"{b.block.name} {b.note}" for b, new in zip(check.blocks, blocks, strict=True) if new is not b]
    if not names:
        return check, left
    seen = Observation("solver-tolerance", "; ".join(names) + "; the gap is spread over the entries")
    return replace(check, blocks=blocks, observations=(*check.observations, seen)), left


def _everywhere(blocks: Sequence[BlockResult]) -> bool:
    """Whether nearly all of several blocks have a small gap that is spread."""
    small = sum(block.verdict is Verdict.FAIL and block.spread is not None for block in blocks)
    return len(blocks) > 1 and small >= VERDICTS.spread_share * len(blocks)


def _suspected(block: BlockResult, together: bool) -> bool:
    """Whether a solver's tolerance may make the gap. Single entries have a pattern only together with other blocks."""
    if block.verdict is not Verdict.FAIL or block.spread is None:
        return False
    return block.block.size > 1 or together or block.spread <= VERDICTS.single_part


def _explained(fault: Fault) -> bool:
    """Whether a mistake makes the gap; that few entries are clearly wrong is no mistake where all have a gap.

    A constant near one has to vary far less than it differs from one: that of a solver changes from point to point.
    """
    fit = fault.diagnosis.fit if fault.diagnosis is not None else None
    if fit is not None and abs(fit.factor - 1) <= VERDICTS.solver_part:
        return fit.left <= DIAGNOSIS.solver_constant * abs(fit.factor - 1) or fit.plain
    return fit is not None or bool(fault.unsteady)


def _undecided(block: BlockResult) -> BlockResult:
    note = f"{block.note}: {UndecidedReason.SOLVER.value}"  # the finding has the remedy
    return replace(block, verdict=Verdict.UNDECIDED, location=None, spread=None, note=note)
