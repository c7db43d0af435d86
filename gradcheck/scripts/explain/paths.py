"""Tests whether a wrong adjoint is the chain rule along some paths only, for one sample only, or without a penalty."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.scripts.chain_rule.pairs import AdjointPair
from gradcheck.scripts.chain_rule.vjp import CHAIN_RULE, ChainRule, Proportionality
from gradcheck.scripts.graph.dataflow import DataflowGraph
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.instrument.values import broadcasts_to

#: A variable with more direct successors is not taken apart: each costs two comparisons.
_MOST_SUCCESSORS = 16

#: Directions at each base point in which a penalty is measured.
_PENALTY_DIRECTIONS = 2

#: A gap is a penalty's gradient if it is proportional to the parameter to this relative accuracy.
_PENALTY_TOLERANCE = 1e-4


@dataclass(frozen=True)
class PartialPath:
    """The mistake of a claim that leaves out part of the chain rule, in words as well."""

    slug: str
    message: str


def find_partial_path(
    graph: DataflowGraph, chain: ChainRule, forward: set[int], pair: AdjointPair
) -> PartialPath | None:
    """What a wrong adjoint leaves out, if it is right without that."""
    penalty = _off_by_penalty(chain, pair)
    if penalty is not None:
        return penalty
    successors = _successors(graph, forward, pair)
    statistics = _statistics(graph, forward, pair)
    if statistics and _is_right_without(chain, pair, statistics):
        names = ", ".join(dict.fromkeys(n.label for n in statistics))
        return PartialPath(
            "statistics-held-constant", f"{names} are taken as constants, but depend on {pair.variable.label}"
        )
    return _without_upstream(chain, pair) or _without_successors(chain, pair, successors) or _one_sample(chain, pair)


# -- penalties ---------------------------------------------------------------------------------------------------------


def _off_by_penalty(chain: ChainRule, pair: AdjointPair) -> PartialPath | None:
    """Whether a gradient is off by a constant times its parameter, the same at all base points."""
    if pair.variable.parameter is None or pair.node.size < 2:
        return None
    found = []
    for base in chain.bases:
        value = pair.variable.value(base)
        claim = pair.factor * base.value(pair.node).reshape(value.shape)
        for _ in range(_PENALTY_DIRECTIONS):
            direction = chain.direction(value)
            slope, error = chain.slope(pair.pullback, base, direction)
            gap = slope - float((claim * direction).sum())
            contributions = value * direction
            found.append((gap, float(contributions.sum()), float(np.linalg.norm(contributions)), error))
    if not all(np.isfinite(entry).all() for entry in found):
        return None
    strength = sum(gap * own for gap, own, _, _ in found) / sum(own * own for _, own, _, _ in found)
    tolerance = _PENALTY_TOLERANCE * abs(strength)
    if any(abs(gap - strength * own) > tolerance * norm + CHAIN_RULE.errors * error for gap, own, norm, error in found):
        return None
    name = pair.variable.label
    if strength > 0:
        message = f"it lacks {strength:.4g} * {name}, the gradient of the penalty in the loss"
        return PartialPath("regulariser-missing", message)
    message = f"it contains {-strength:.4g} * {name}, the gradient of a penalty that is not in the loss"
    return PartialPath("regulariser-extra", message)


def _rest_is_penalty(chain: ChainRule, pair: AdjointPair) -> bool:
    """Whether what does not go through the upstream adjoints is the gradient of a penalty: a constant times θ."""
    if pair.variable.parameter is None:
        return False
    rest = replace(pair.pullback, upstream=(), held=pair.upstream)
    found = []
    for base in chain.bases:
        value = pair.variable.value(base)
        for _ in range(_PENALTY_DIRECTIONS):
            direction = chain.direction(value)
            slope, _error = chain.slope(rest, base, direction)
            contributions = value * direction
            found.append((slope, float(contributions.sum()), float(np.linalg.norm(contributions))))
    strength = found[0][0] / found[0][1]
    return all(abs(slope - strength * own) <= _PENALTY_TOLERANCE * abs(strength) * norm for slope, own, norm in found)


# -- paths -------------------------------------------------------------------------------------------------------------


def _without_upstream(chain: ChainRule, pair: AdjointPair) -> PartialPath | None:
    """Whether an adjoint is right without the direct path to the loss, or with some of its upstream adjoints only."""
    if not pair.upstream:
        return None
    pullback = replace(pair.pullback, held=pair.upstream)

    def is_exact(ratio: Proportionality) -> bool:
        return ratio.nonzero and abs(ratio.factor - 1) < CHAIN_RULE.equal

    if is_exact(chain.compare(replace(pullback, direct=False), pair.node, pair.factor)):
        if _rest_is_penalty(chain, pair):
            return PartialPath("regulariser-missing", f"the penalty on {pair.variable.label} is missing")
        passed = ", ".join(u.variable.label for u in pair.upstream)
        return PartialPath("missing-path", f"without a path to the loss that does not go through {passed}")
    for upstream in pair.upstream if len(pair.upstream) > 1 else ():
        others = [u for u in pair.upstream if u is not upstream]
        name = upstream.variable.label
        if is_exact(chain.compare(replace(pullback, upstream=others), pair.node, pair.factor)):
            return PartialPath("missing-path", f"without the path through {name}")
        if is_exact(chain.compare(replace(pullback, upstream=[upstream], direct=False), pair.node, pair.factor)):
            return PartialPath("missing-path", f"without all paths except the one through {name}")
    return None


def _without_successors(chain: ChainRule, pair: AdjointPair, successors: Sequence[Node]) -> PartialPath | None:
    """Whether an adjoint is right if some direct successors of the variable are held fixed."""
    if not 1 < len(successors) <= _MOST_SUCCESSORS:
        return None
    recurrent = len({node.location.line for node in successors}) < len(successors)
    for slug, left_out in _subsets(successors, recurrent):
        if _is_right_without(chain, pair, left_out):
            names = ", ".join(dict.fromkeys(f"{n.label} (line {n.location.line})" for n in left_out))
            path = "the time steps of" if slug == "truncated-bptt" else "the path through"
            return PartialPath(slug, f"without {path} {names}")
    return None


def _is_right_without(chain: ChainRule, pair: AdjointPair, pinned: Sequence[Node]) -> bool:
    """Whether an adjoint is right up to a constant if some nodes are held fixed."""
    return chain.compare(replace(pair.pullback, pinned=pinned), pair.node, pair.factor).nonzero


def _successors(graph: DataflowGraph, forward: set[int], pair: AdjointPair) -> list[Node]:
    """Nodes of the forward pass that depend directly on the variable."""
    if pair.variable.node is not None:
        found = graph.successors.get(pair.variable.node.index, {})
    else:
        assert pair.variable.parameter is not None
        found = graph.responses_to(pair.variable.parameter)[1]
    return [graph.nodes[i] for i in sorted(found) if i in forward]


def _statistics(graph: DataflowGraph, forward: set[int], pair: AdjointPair) -> list[Node]:
    """Means, variances and the like: smaller than the variable, and used together with arrays of its shape."""
    node, shape = pair.variable.node, pair.variable.shape
    if node is None or len(shape) < 2:
        return []
    below = graph.descendants([node.index]) & forward
    ends = {u.variable.node.index for u in pair.upstream if u.variable.node is not None}
    return [
        graph.nodes[i]
        for i in sorted(below - ends)
        if 1 < graph.nodes[i].size < node.size
        and broadcasts_to(graph.nodes[i].shape, shape)
        and any(graph.nodes[c].shape == shape for c in graph.successors.get(i, {}) if c in forward)
    ]


def _subsets(successors: Sequence[Node], recurrent: bool) -> Iterator[tuple[str, list[Node]]]:
    """What may have been left out: one successor, or all but one; of time steps, the first or the last ones."""
    if recurrent:
        for k in range(1, len(successors)):
            yield "truncated-bptt", list(successors[:k])
        for k in range(1, len(successors)):
            yield "truncated-bptt", list(successors[k:])
    for node in successors:
        yield "missing-path", [node]
    if len(successors) > 2:
        for node in successors:
            yield "missing-path", [other for other in successors if other is not node]


# -- samples -----------------------------------------------------------------------------------------------------------


def _one_sample(chain: ChainRule, pair: AdjointPair) -> PartialPath | None:
    """Whether an adjoint is right for the first or the last sample only, along an axis of its only upstream adjoint."""
    if len(pair.upstream) != 1 or pair.upstream[0].variable.key == pair.variable.key:
        return None
    node = pair.upstream[0].node
    for axis, length in enumerate(pair.upstream[0].variable.shape):
        if length < 2:
            continue
        for chosen, name in ((0, "first"), (length - 1, "last")):
            part: tuple[Any, ...] = (*[slice(None)] * axis, chosen)
            bases = []
            for base in chain.bases:
                kept = np.zeros(node.shape)
                kept[part] = base.value(node)[part]
                bases.append(base.with_value(node, kept))
            masked = ChainRule(bases, chain.loss, chain.rng)
            if masked.compare(replace(pair.pullback, direct=False), pair.node, pair.factor).nonzero:
                message = f"of the {name} of {length} along axis {axis} of {node.label} only"
                return PartialPath("partial-batch", message)
    return None
