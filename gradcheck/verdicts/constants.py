"""Gradients of a loss in which something that depends on the parameters is held constant on purpose.

A target that is computed without a graph, or a straight-through estimator, makes the claim differ from the derivative
of the loss, and so does a graph that was cut by mistake. Which of both it is cannot be told from outside.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gradcheck.probes.evaluator import Evaluator
from gradcheck.probes.place import Place
from gradcheck.tracebacks import pass_on_signal
from gradcheck.verdicts.checker import CheckOptions, check
from gradcheck.verdicts.result import BlockResult, CheckResult
from gradcheck.verdicts.settings import VERDICTS
from gradcheck.verdicts.verdict import Verdict


def recognised_constants(
    evaluator: Evaluator, found: CheckResult, rtol: float, rng: np.random.Generator
) -> CheckResult:
    """The result, with blocks undecided that are right where what is cut out of the graph is held constant.

    A block to which no gradient comes back at all stays wrong.
    """
    subject = evaluator.subject.original
    if found.verdict is Verdict.PASS or evaluator.left < VERDICTS.constants_cost:
        return found
    try:
        held = subject.with_constants()
        if held is None:
            return found
        result = check(evaluator.in_other_blocks(held), CheckOptions(rtol), rng)
    except Exception as error:  # what the user's code raises
        pass_on_signal(error)
        return found
    places = ", ".join(held.notes())
    pairs = enumerate(zip(found.blocks, result.blocks, strict=True))
    blocks = tuple(_judged(b, block, other, places) for b, (block, other) in pairs)
    return replace(found, blocks=blocks)


def _judged(b: int, result: BlockResult, held: BlockResult, places: str) -> BlockResult:
    if result.verdict is Verdict.PASS or held.verdict is not Verdict.PASS or result.screening is None:
        return result
    elsewhere = result.verdict is Verdict.FAIL and result.place is not Place.USER
    if elsewhere or not np.any(result.screening.prober.data.claim[b]):
        return result
    note = (
        f"the claim is right if what is cut out of the graph is held constant ({places}): if that is meant, as for a "
        "target or a straight-through estimator, this is the gradient you want; if not, compute it with the graph"
    )
    return replace(result, verdict=Verdict.UNDECIDED, location=None, spread=None, note=note)
