"""Hidden units of a script: arrays that a layer with weights reads and that earlier parameters influence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradcheck.scripts.analysis import Analysis
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.graph.parameters import Parameter
from gradcheck.training.doctor.hidden_units import HiddenLayer
from gradcheck.training.doctor.parameter_layout import ParameterLayout
from gradcheck.training.doctor.weight_blocks import WeightBlock

Array = NDArray[np.float64]

#: Half the central difference that measures the slope of an activation. It is near the optimum ε^(1/3) for values of
#: order 1.
SLOPE_DIFFERENCE = 1e-5

#: Change of every other entry that shows whether a function acts entry by entry.
ENTRY_SHIFT = 0.01


@dataclass(frozen=True)
class HiddenArray:
    """The output of hidden units in a script.

    Attributes
    ----------
    node : Node
    input : Node or None
        The input of the activation, of the same shape.
    axis : int
        Axis along which the units lie.
    """

    node: Node
    input: Node | None
    axis: int


def in_forward_order(analysis: Analysis) -> list[Parameter]:
    """The parameters in the order in which the forward pass first uses them."""

    def first_use(parameter: Parameter) -> int:
        reached = [i for i in analysis.graph.responses_to(parameter.variable)[1] if i in analysis.forward]
        return min(reached, default=len(analysis.graph.nodes))

    return sorted(analysis.parameters, key=first_use)


def hidden_arrays(
    analysis: Analysis, parameters: Sequence[Parameter], weights: Mapping[str, WeightBlock]
) -> list[HiddenArray]:
    """Find the arrays that a layer with weights reads and that other parameters influence.

    Parameters
    ----------
    analysis : Analysis
    parameters : sequence of Parameter
    weights : mapping of str to WeightBlock
        By the name of the parameter.
    """
    graph = analysis.graph
    reached = {p.name: set(graph.responses_to(p.variable)[1]) & analysis.forward for p in parameters}
    trained = graph.descendants([i for indices in reached.values() for i in indices])
    found: dict[int, HiddenArray] = {}
    for name, block in weights.items():
        for child in sorted(reached[name]):
            for i in graph.predecessors[child] & analysis.forward & trained - set(reached[name]):
                node = graph.nodes[i]
                axis = _unit_axis(node, block)
                if axis is not None and node.index not in found:
                    found[node.index] = HiddenArray(node, _activation_input(analysis, node), axis)
    return [found[i] for i in sorted(found)]


def _unit_axis(node: Node, weights: WeightBlock) -> int | None:
    """The axis of units in an array that is multiplied by a weight matrix: as long as the matrix has inputs."""
    if len(node.shape) != 2 or weights.inputs < 2:
        return None
    along = 1 if weights.rows else 0
    for axis in (along, 1 - along):
        if node.shape[axis] == weights.inputs:
            return axis
    return None


def _activation_input(analysis: Analysis, node: Node) -> Node | None:
    """The node that an array is an elementwise function of; None if there is none."""
    parents = [analysis.graph.nodes[i] for i in analysis.graph.predecessors[node.index] if i in analysis.forward]
    same = [parent for parent in parents if parent.shape == node.shape]
    if len(parents) != 1 or len(same) != 1:
        return None
    value, base = analysis.base.value(same[0]), analysis.base
    even = np.arange(value.size).reshape(value.shape) % 2 == 0
    moved = base.run([node], same[0].set_to(value + np.where(even, ENTRY_SHIFT, 0.0)))
    if moved is None:
        return None
    changed = moved[0] != base.value(node)
    return same[0] if not changed[~even].any() else None


def script_hidden_layers(
    analysis: Analysis,
    parameters: Sequence[Parameter],
    hidden: Sequence[HiddenArray],
    layout: ParameterLayout,
    theta: Array,
) -> list[HiddenLayer]:
    """Outputs of hidden units at a parameter vector, with the slopes of their activations where they can be measured.

    Parameters
    ----------
    analysis : Analysis
    parameters : sequence of Parameter
    hidden : sequence of HiddenArray
    layout : ParameterLayout
    theta : ndarray
    """
    point = layout.point(theta)
    values = {p.variable.path: x for p, x in zip(parameters, point, strict=True)}
    found = []
    for unit in hidden:
        watched = [unit.node] if unit.input is None else [unit.node, unit.input]
        seen = analysis.base.run(watched, values=values)
        if seen is None:
            return []
        slopes = None
        if unit.input is not None:
            ends = [
                analysis.base.run([unit.node], unit.input.set_to(seen[1] + sign * SLOPE_DIFFERENCE), values)
                for sign in (1, -1)
            ]
            if ends[0] is None or ends[1] is None:
                return []
            slopes = _rows((ends[0][0] - ends[1][0]) / (2 * SLOPE_DIFFERENCE), unit.axis)
        outputs = _rows(seen[0], unit.axis)
        has_flat_side = bool(slopes is not None and ((slopes == 0) & (outputs == 0)).any())
        found.append(HiddenLayer(unit.node.label, outputs, slopes, has_flat_side))
    return found


def _rows(array: Array, axis: int) -> Array:
    """One column per unit."""
    return np.asarray(np.moveaxis(array, axis, -1), dtype=np.float64)
