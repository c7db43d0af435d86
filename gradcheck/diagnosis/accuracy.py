"""Gaps that a solver's tolerance may make: wrong if a mistake explains them, undecided if none does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gradcheck.diagnosis.attribution import Fault
from gradcheck.probes.observation import Observation
from gradcheck.verdicts.reasons import UndecidedReason
from gradcheck.verdicts.result import BlockResult, CheckResult
from gradcheck.verdicts.verdict import Verdict


def settled(check: CheckResult, faults: Sequence[Fault]) -> tuple[CheckResult, list[Fault]]:
    """The check with such blocks undecided if no mistake explains them, and the faults that are left.

    Parameters
    ----------
    check : CheckResult
    faults : sequence of Fault
        Of the blocks that are wrong.
    """
    open_faults = [fault for fault in faults if fault.result.spread is not None and not _explained(fault)]
    left = [fault for fault in faults if not any(fault is other for other in open_faults)]
    wrong = {name for fault in left for name in fault.blocks}
    blocks = tuple(
        _undecided(block) if _suspected(block) and block.block.name not in wrong else block for block in check.blocks
    )
    names = [f"{b.block.name} {b.note}" for b, new in zip(check.blocks, blocks, strict=True) if new is not b]
    if not names:
        return check, left
    seen = Observation("solver-tolerance", "; ".join(names) + "; the gap is spread over the entries")
    return replace(check, blocks=blocks, observations=(*check.observations, seen)), left


def _suspected(block: BlockResult) -> bool:
    return block.verdict is Verdict.FAIL and block.spread is not None


def _explained(fault: Fault) -> bool:
    """Whether a mistake makes the gap; that few entries are clearly wrong is no mistake where all have a gap."""
    return fault.diagnosis is not None or bool(fault.unsteady)


def _undecided(block: BlockResult) -> BlockResult:
    note = f"{block.note}: {UndecidedReason.SOLVER.value}"  # the finding has the remedy
    return replace(block, verdict=Verdict.UNDECIDED, location=None, spread=None, note=note)
