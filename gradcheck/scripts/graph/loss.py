"""Finds the loss: a scalar that depends on the parameters, chosen by its name if there are several."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcheck.errors import SubjectError
from gradcheck.scripts.graph.dataflow import DataflowGraph
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.instrument.events import Kind
from gradcheck.scripts.replay.state import StateVariable
from gradcheck.scripts.text.identifiers import NOT_A_LOSS, loss_rank, mentions_derivative

#: Parameters are perturbed this many times, by this many usual perturbations, to see which scalars change.
_LOSS_TRIALS, _LOSS_PERTURBATIONS = 2, 30

#: A scalar depends on the parameters if it changes by more than this, relatively: a few hundred roundings.
_DEPENDENT = 1e-13

#: Names in a message.
_SHOWN = 6


def find_loss(
    graph: DataflowGraph, variables: Sequence[StateVariable], updates: set[int], expression: str | None
) -> Node:
    """The scalar that is the loss.

    Parameters
    ----------
    graph : DataflowGraph
    variables : sequence of StateVariable
        The parameters.
    updates : set of int
        Nodes that are updates of parameters.
    expression : str or None
        The loss as the user gave it, which the step computes then.

    Raises
    ------
    SubjectError
        If there is none or several that fit equally.
    """
    graph.find_successors()
    scalars = [n for n in graph.nodes if n.size == 1 and n.index not in updates and _may_be_loss(n)]
    dependent = dependent_on(graph, variables, scalars)
    if expression is not None:
        chosen = [n for n in dependent if n.location.file and "loss" in n.names and n.location.kind is Kind.EXPRESSION]
        if not chosen:
            raise SubjectError(f"--loss {expression} must give one finite number that depends on the parameters")
        return chosen[-1]
    into_updates = graph.ancestors(updates)
    rank = {n.index: loss_rank(n.names) for n in dependent}
    pool = [n for n in dependent if rank[n.index] < NOT_A_LOSS or n.index not in into_updates]
    pool = [
        n for n in pool if n.is_named or not (rank[n.index] >= NOT_A_LOSS and n.location.kind is Kind.RETURN)
    ] or pool
    pool = [n for n in pool if not mentions_derivative(n.names)] or pool
    if not pool:
        raise SubjectError(_not_finite(graph, scalars) or _no_loss(graph, variables))
    best = min(rank[n.index] for n in pool)
    if best >= NOT_A_LOSS:
        pool = [n for n in pool if n.is_named] or pool
    pool = [n for n in pool if rank[n.index] == best]
    sinks = [n for n in pool if not (graph.descendants([n.index]) - {n.index}) & {m.index for m in pool}]
    found = list({next(iter(node.names)): node for node in sinks}.values())  # of several with one name, the last
    if len(found) > 1 and best < NOT_A_LOSS:
        found = [n for n in found if n.location.kind is Kind.ASSIGN] or found
    if len(found) > 1:
        names = ", ".join(f"{n.label} (line {n.location.line})" for n in found[:_SHOWN])
        if best >= NOT_A_LOSS:
            raise SubjectError(
                f"several numbers depend on the parameters, and none has the name of a loss: {names}. Choose one with "
                "--loss EXPR"
            )
        raise SubjectError(f"several numbers may be the loss: {names}. Choose one with --loss EXPR")
    return found[0]


def _may_be_loss(node: Node) -> bool:
    """Whether a scalar is assigned, or is added to something with the name of a loss."""
    added = node.location.sign > 0 and loss_rank(node.names) < NOT_A_LOSS
    return not node.is_increment or added


def dependent_on(graph: DataflowGraph, variables: Sequence[StateVariable], scalars: Sequence[Node]) -> list[Node]:
    """Scalars that change when some state variables do."""
    found: dict[int, Node] = {}
    for _ in range(_LOSS_TRIALS):
        shifts = {v.path: v.value + graph.perturbation(v.value, _LOSS_PERTURBATIONS) for v in variables}
        seen = graph.base.run(scalars, values=shifts)
        for node, value in zip(scalars, seen or [], strict=False):
            old = graph.base.value(node)
            if np.isfinite(value).all() and np.abs(value - old).max() > _DEPENDENT * np.abs(old).max():
                found[node.index] = node
    return [found[i] for i in sorted(found)]


def _not_finite(graph: DataflowGraph, scalars: Sequence[Node]) -> str:
    """The message about a loss that is not finite; empty if all are finite."""
    lost = [n for n in scalars if loss_rank(n.names) < NOT_A_LOSS and not np.isfinite(graph.base.value(n)).all()]
    if not lost:
        return ""
    value = float(graph.base.value(lost[-1]).ravel()[0])
    return (
        f"the loss, {lost[-1].label} on line {lost[-1].location.line}, is {value} in the first iteration: look for an "
        "overflow, a division by zero or a logarithm of zero in it"
    )


def _no_loss(graph: DataflowGraph, variables: Sequence[StateVariable]) -> str:
    names = ", ".join(variable.name for variable in variables[:_SHOWN])
    return (
        f"the step on line {graph.step.loop.line} never computes its loss: gradcheck looks for a number that depends "
        f"on {names} and is assigned, returned, stored or printed. Give it with --loss EXPR, in the program's "
        "variables, as in --loss 'np.mean((output - y) ** 2)'"
    )
