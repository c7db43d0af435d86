"""Hidden units of a program: what its layers with weights read that comes from layers before them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.scripts.blame.analysis import Analysis
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.graph.parameters import Parameter
from gradcheck.training.doctor.flat import Space
from gradcheck.training.doctor.run import Weights
from gradcheck.training.doctor.units import Layer

Array = NDArray[np.float64]

#: How far activations are moved to see their slopes.
NUDGE = 1e-5


@dataclass(frozen=True)
class Hidden:
    """The output of hidden units.

    Attributes
    ----------
    node : Node
    before : Node or None
        What goes into the activation, of the same shape.
    axis : int
        Along which units lie.
    """

    node: Node
    before: Node | None
    axis: int


def order(analysis: Analysis) -> list[Parameter]:
    """Parameters as the forward pass meets them."""

    def first(parameter: Parameter) -> int:
        reached = [i for i in analysis.graph.responses_to(parameter.variable)[1] if i in analysis.forward]
        return min(reached, default=len(analysis.graph.nodes))

    return sorted(analysis.parameters, key=first)


def hidden_of(analysis: Analysis, weights: dict[str, Weights]) -> list[Hidden]:
    """Arrays that a layer with weights reads and that other parameters have gone into.

    Parameters
    ----------
    analysis : Analysis
    weights : dict of str to Weights
        By the name of the parameter.
    """
    graph = analysis.graph
    reached = {p.name: set(graph.responses_to(p.variable)[1]) & analysis.forward for p in analysis.parameters}
    trained = graph.descendants([i for found in reached.values() for i in found])
    found: dict[int, Hidden] = {}
    for name, one in weights.items():
        for child in sorted(reached[name]):
            for i in graph.predecessors[child] & analysis.forward & trained - set(reached[name]):
                node = graph.nodes[i]
                axis = _axis(node, one)
                if axis is not None and node.index not in found:
                    found[node.index] = Hidden(node, _before(analysis, node), axis)
    return [found[i] for i in sorted(found)]


def _axis(node: Node, weights: Weights) -> int | None:
    """Where units lie in what a matrix is multiplied with: the axis that is as long as the matrix has inputs."""
    if len(node.shape) != 2 or weights.inputs < 2:
        return None
    along = 1 if weights.rows else 0
    for axis in (along, 1 - along):
        if node.shape[axis] == weights.inputs:
            return axis
    return None


def _before(analysis: Analysis, node: Node) -> Node | None:
    """What an activation is a function of, entry by entry."""
    parents = [analysis.graph.nodes[i] for i in analysis.graph.predecessors[node.index] if i in analysis.forward]
    same = [parent for parent in parents if parent.shape == node.shape]
    if len(parents) != 1 or len(same) != 1:
        return None
    value, base = analysis.base.value(same[0]), analysis.base
    places = np.arange(value.size).reshape(value.shape) % 2 == 0
    moved = base.run([node], same[0].set_to(value + np.where(places, 0.01, 0.0)))
    if moved is None:
        return None
    changed = moved[0] != base.value(node)
    return same[0] if not changed[~places].any() else None


def observed(analysis: Analysis, hidden: list[Hidden], space: Space, theta: Array) -> list[Layer]:
    """What hidden units put out at a point, and the slopes of their activations where they can be seen."""
    point = space.point(theta)
    leaves = {p.variable.path: x for p, x in zip(analysis.parameters, point, strict=True)}
    found = []
    for unit in hidden:
        watched = [unit.node] if unit.before is None else [unit.node, unit.before]
        seen = analysis.base.run(watched, values=leaves)
        if seen is None:
            return []
        slopes = None
        if unit.before is not None:
            ends = [
                analysis.base.run([unit.node], unit.before.set_to(seen[1] + sign * NUDGE), leaves) for sign in (1, -1)
            ]
            if ends[0] is None or ends[1] is None:
                return []
            slopes = _rows((ends[0][0] - ends[1][0]) / (2 * NUDGE), unit.axis)
        outputs = _rows(seen[0], unit.axis)
        clipped = bool(slopes is not None and ((slopes == 0) & (outputs == 0)).any())
        found.append(Layer(unit.node.label, outputs, slopes, clipped))
    return found


def _rows(array: Array, axis: int) -> Array:
    return np.asarray(np.moveaxis(array, axis, -1), dtype=np.float64)
