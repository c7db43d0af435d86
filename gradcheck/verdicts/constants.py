"""Gradients of a loss in which something that depends on the parameters is held constant on purpose.

A target that is computed without a graph, or a straight-through estimator, makes the claim differ from the derivative
of the loss, and so does a graph that was cut by mistake. Which of both it is cannot be told from outside.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gradcheck.probes.evaluator import Evaluator
from gradcheck.subjects.subject import Point
from gradcheck.tracebacks import pass_on_signal
from gradcheck.verdicts.checker import CheckOptions, check
from gradcheck.verdicts.result import BlockResult, CheckResult
from gradcheck.verdicts.settings import VERDICTS
from gradcheck.verdicts.verdict import Verdict


def recognised_constants(
    evaluator: Evaluator, found: CheckResult, rtol: float, rng: np.random.Generator
) -> CheckResult:
    """The result, with blocks undecided that are right where what is cut out of the graph is held constant.

    Those that are wrong there too fail, as they are there. A block to which no gradient comes back at all stays wrong.
    """
    if found.verdict is Verdict.PASS:
        return found
    held: dict[int, _Held | None] = {}
    blocks = list(found.blocks)
    for b, block in enumerate(blocks):
        if block.verdict is Verdict.PASS or block.screening is None:
            continue
        data = block.screening.prober.data
        if id(data) not in held:
            held[id(data)] = _held_at(evaluator, data.point, rtol, rng)
        known = held[id(data)]
        if known is None or not np.any(data.claim[b]):
            continue
        if known.blocks[b].verdict is Verdict.PASS:
            blocks[b] = replace(block, verdict=Verdict.UNDECIDED, location=None, spread=None, note=known.note)
        elif known.blocks[b].verdict is Verdict.FAIL:
            blocks[b] = known.blocks[b]  # what a right backward pass would give is this derivative
    return replace(found, blocks=tuple(blocks))


@dataclass(frozen=True, slots=True)
class _Held:
    """The results of all blocks with constants held, and what to say of those that pass."""

    blocks: tuple[BlockResult, ...]
    note: str


def _held_at(evaluator: Evaluator, point: Point, rtol: float, rng: np.random.Generator) -> _Held | None:
    whole = evaluator.subject.original
    if not whole.has_constants or evaluator.left < VERDICTS.constants_cost:
        return None
    try:
        subject = whole.with_constants(point, evaluator.count)
        if subject is None:
            return None
        result = check(evaluator.in_other_blocks(subject), CheckOptions(rtol), rng)
    except Exception as error:  # what the user's code raises
        pass_on_signal(error)
        return None
    note = (
        f"the claim is right if {' and '.join(subject.notes())}: if that is meant, as for a target or a "
        "straight-through estimator, this is the gradient you want; if not, remove what cuts the graph"
    )
    return _Held(result.blocks, note)
