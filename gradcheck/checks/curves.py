"""The error against the step of each block: its claimed slope along one line beside central differences."""

from __future__ import annotations

import math

from gradcheck.probes.evaluator import Evaluator
from gradcheck.verdicts.curve import StepGap
from gradcheck.verdicts.result import BlockResult, CheckResult
from gradcheck.verdicts.verdict import Verdict

#: Exponents of two of the steps, of order 1 at the scale of the parameters.
EXPONENTS = range(-48, 1, 2)

#: Blocks with a curve, the worst first.
MOST = 6

_WORST_FIRST = (Verdict.FAIL, Verdict.UNDECIDED, Verdict.PASS)


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
    chosen.sort(key=lambda block: _WORST_FIRST.index(block.verdict))
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
    steps = [math.ldexp(1.0, k) for k in EXPONENTS]
    values = line([sign * step for step in steps for sign in (1.0, -1.0)])
    slopes = [(plus - minus) / (2.0 * step) for step, plus, minus in zip(steps, values[::2], values[1::2], strict=True)]
    claimed = float(line.claimed.value)
    known = [(step, slope) for step, slope in zip(steps, slopes, strict=True) if math.isfinite(slope)]
    nearest = min((slope for _, slope in known), key=lambda slope: abs(slope - claimed), default=0.0)
    size = max(abs(claimed), abs(nearest))
    return tuple(StepGap(step, abs(slope - claimed) / size) for step, slope in known) if size > 0.0 else ()
