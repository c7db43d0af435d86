"""Which number of a step is its loss: one that depends on the parameters, by its name among several."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcheck.errors import SubjectError
from gradcheck.scripts.graph.dataflow import Flow
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.replay.snapshot import Leaf
from gradcheck.scripts.text.identifiers import loss_rank, sounds_of_gradient


def loss_of(flow: Flow, leaves: Sequence[Leaf], updates: set[int], expression: str | None) -> Node:
    """The scalar that is the loss.

    Raises
    ------
    SubjectError
        If there is none, or there are several, with what was looked for.
    """
    flow.follow()
    scalars = [n for n in flow.nodes if n.size == 1 and n.index not in updates and _may_be_loss(n)]
    moving = moved_by(flow, leaves, scalars)
    if expression is not None:
        chosen = [n for n in moving if n.site.file and "loss" in n.names and n.site.kind == "expression"]
        if not chosen:
            raise SubjectError(f"--loss {expression}: its value does not depend on the parameters")
        return chosen[-1]
    into_updates = flow.ancestors(updates)
    names = {n.index: loss_rank(n.names) for n in moving}
    pool = [n for n in moving if names[n.index] < 3 or n.index not in into_updates]
    pool = [n for n in pool if n.plain or not (names[n.index] >= 3 and n.site.kind == "return")] or pool
    pool = [n for n in pool if not sounds_of_gradient(n.names)] or pool
    if not pool:
        lost = [n for n in scalars if loss_rank(n.names) < 3 and not np.isfinite(flow.base.value(n)).all()]
        if lost:
            value = float(flow.base.value(lost[-1]).ravel()[0])
            raise SubjectError(
                f"the loss, {lost[-1].label} in line {lost[-1].site.line}, is {value} in the first pass: look for an "
                "overflow, a division by zero or a logarithm of zero in it"
            )
        raise SubjectError(_no_loss(flow, leaves))
    best = min(names[n.index] for n in pool)
    if best >= 3:
        pool = [n for n in pool if n.plain] or pool
    pool = [n for n in pool if names[n.index] == best]
    sinks = [n for n in pool if not (flow.descendants([n.index]) - {n.index}) & {m.index for m in pool}]
    latest: dict[str, Node] = {}
    for node in sinks:
        latest[next(iter(node.names))] = node
    found = list(latest.values())
    if best >= 3 and len(found) > 1:
        said = ", ".join(f"{n.label} (line {n.site.line})" for n in found[:6])
        raise SubjectError(
            f"several numbers depend on the parameters, and none is called a loss: {said}. Say which with --loss EXPR"
        )
    if len(found) > 1:
        exact = [n for n in found if n.site.kind == "assign"]
        found = exact or found
    if len(found) > 1:
        said = ", ".join(f"{n.label} (line {n.site.line})" for n in found[:6])
        raise SubjectError(f"several numbers may be the loss: {said}. Say which with --loss EXPR")
    return found[0]


def _may_be_loss(node: Node) -> bool:
    """Whether a number is assigned, or added to what is called a loss."""
    return not node.increment or (node.site.sign > 0 and node.rate == 1.0 and loss_rank(node.names) < 3)


def moved_by(flow: Flow, leaves: Sequence[Leaf], scalars: Sequence[Node]) -> list[Node]:
    """Scalars that change when parameters do."""
    found: dict[int, Node] = {}
    for _ in range(2):
        shifts = {leaf.path: leaf.value + 30 * flow._step_of(leaf.value) for leaf in leaves}
        seen = flow.base.run(scalars, leaves=shifts)
        for node, value in zip(scalars, seen or [], strict=False):
            old = flow.base.value(node)
            if np.isfinite(value).all() and np.abs(value - old).max() > 1e-13 * np.abs(old).max():
                found[node.index] = node
    return [found[i] for i in sorted(found)]


def _no_loss(flow: Flow, leaves: Sequence[Leaf]) -> str:
    names = ", ".join(leaf.name for leaf in leaves[:6])
    return (
        f"the step in line {flow.step.loop.line} never computes its loss: gradcheck looked for a number that depends "
        f"on {names}, assigned, returned, kept or printed. Say what it is with --loss EXPR, in the program's "
        "variables, as in --loss 'np.mean((output - y) ** 2)'"
    )
