"""The error against the step of each block: its claimed slope along one line beside central differences."""

from __future__ import annotations

from gradcheck.differences.richardson import RichardsonTable
from gradcheck.probes.evaluator import Evaluator
from gradcheck.verdicts.curve import StepGap, step_gaps
from gradcheck.verdicts.result import BlockResult, CheckResult
from gradcheck.verdicts.verdict import WORST_FIRST

#: Exponents of two of the steps, of order 1 at the scale of the parameters.
EXPONENTS = range(-48, 1, 2)

#: Blocks with a curve, the worst first.
MOST = 6


def measured_curves(evaluator: Evaluator, found: CheckResult) -> dict[str, tuple[StepGap, ...]]:
    """Measure the curves of a check that has ended, of as many blocks as the budget allows.

    Parameters
    ----------
    evaluator : Evaluator
    found : CheckResult

    Returns
    -------
    dict of str to tuple of StepGap
        By the name of the block. A block whose loss is not finite at any step, or whose slope is zero, has none.
    """
    subject = evaluator.subject
    places = {block.name: number for number, block in enumerate(subject.blocks)}
    chosen = [block for block in found.blocks if block.screening is not None]
    chosen.sort(key=lambda block: WORST_FIRST.index(block.verdict))
    curves = {}
    with subject.session():
        for block in chosen[:MOST]:
            if evaluator.left < 2 * len(EXPONENTS):
                break
            curve = _curve(block, places[block.block.name])
            if curve:
                curves[block.block.name] = curve
    return curves


def _curve(block: BlockResult, place: int) -> tuple[StepGap, ...]:
    assert block.screening is not None
    prober = block.screening.prober
    line = prober.line([place])
    table = RichardsonTable(line, prober.data.value, prober.data.noise.level)
    table.reach(EXPONENTS)
    claimed = float(line.claimed.value)
    known = table.differences()
    nearest = min((d.value for d in known), key=lambda slope: abs(slope - claimed), default=0.0)
    return step_gaps(claimed, known, max(line.contribution(place).norm, abs(claimed), abs(nearest)))
