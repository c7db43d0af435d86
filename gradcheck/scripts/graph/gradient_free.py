"""Updates that follow the gradient of no number that a step could compute: rules of perceptrons, and samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import Enum

import numpy as np

from gradcheck.scripts.graph.dataflow import DataflowGraph
from gradcheck.scripts.graph.loss import LOSS
from gradcheck.scripts.graph.updates import Update
from gradcheck.scripts.instrument.values import Array
from gradcheck.scripts.replay.state import Path

#: Far away is so many times the size of the variables.
_FAR = 1.0, 4.0, 16.0

#: What is added to a variable is the same up to this part of the variable, and of itself: far less than a dependence on
#: the perturbed variables makes, if it is smooth.
_ROUNDING, _EQUAL = 1e-12, 1e-9

#: What is added to a variable, and its rounding.
_Added = tuple[Array, float]


class GradientFreeRule(Enum):
    """A kind of updates, with what is said of them."""

    JUMPS = (
        "what the step adds to {names} changes with them in jumps only, as by the rule of a perceptron, a hinge, an "
        "absolute error or the sign of a gradient, and no number is computed that is minimised"
    )
    SAMPLES = (
        "the step draws random states with probabilities that {names} make, and updates them by what was drawn, as "
        "contrastive divergence does: an estimate from samples, and the gradient of no number that the step computes"
    )


def gradient_free_rule(graph: DataflowGraph, updates: Sequence[Update]) -> GradientFreeRule | None:
    """What the updates of a step without a loss are; None if they may be gradients of some loss.

    Parameters
    ----------
    graph : DataflowGraph
    updates : sequence of Update
    """
    if graph.samples_states([(update.variable, update.nodes) for update in updates]):
        return GradientFreeRule.SAMPLES
    return GradientFreeRule.JUMPS if _change_in_jumps(graph, updates) else None


def _change_in_jumps(graph: DataflowGraph, updates: Sequence[Update]) -> bool:
    """Whether what the step adds is the same near the variables, but not far from them.

    With other values far away the step may take another branch, as where a perceptron only learns from its errors.
    Updates take effect, since these errors depend on those before.
    """
    graph = graph.at(replace(graph.base, suppressed={}))
    usual = _added(graph, updates, {})
    if usual is None or not any(np.abs(added).max(initial=0.0) > rounding for added, rounding in usual):
        return False
    near = [_added(graph, updates, moved) for moved in _moves(graph, updates, 1.0)]
    known = [added for added in near if added is not None]
    if not known or not all(_is_same(usual, added) for added in known):
        return False
    far = (moved for size in _FAR for moved in _moves(graph, updates, size * LOSS.large))
    seen = (_added(graph, updates, moved) for moved in far)
    return any(added is None or not _is_same(usual, added) for added in seen)


def _moves(graph: DataflowGraph, updates: Sequence[Update], size: float) -> list[dict[Path, Array]]:
    """The variables moved along a random line, to either side."""
    shifts = [(u.variable, graph.perturbation(u.variable.value, size)) for u in updates]
    return [{v.path: v.value + sign * shift for v, shift in shifts} for sign in (1.0, -1.0)]


def _added(graph: DataflowGraph, updates: Sequence[Update], values: Mapping[Path, Array]) -> list[_Added] | None:
    """What each update adds to its variable, for variables with some values; None if the step takes another branch."""
    pairs = [(u.variable, n) for u in updates for n in u.nodes if n.shape == u.variable.value.shape]
    seen = graph.base.run([node for _, node in pairs], values=values) if pairs else None
    if seen is None:
        return None
    found = []
    for (variable, _), value in zip(pairs, seen, strict=True):
        old = values.get(variable.path, variable.value)
        found.append((value - old, _ROUNDING * float(np.max(np.abs(old), initial=0.0))))
    return found


def _is_same(one: Sequence[_Added], other: Sequence[_Added]) -> bool:
    pairs = zip(one, other, strict=True)
    return all(np.allclose(a, b, rtol=_EQUAL, atol=max(of_a, of_b)) for (a, of_a), (b, of_b) in pairs)
