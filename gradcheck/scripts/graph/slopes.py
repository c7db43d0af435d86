"""Slopes of the loss along random lines through a base point, beside those that claimed gradients have there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gradcheck.scripts.graph.dataflow import BasePoint, DataflowGraph, random_direction
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.graph.parameters import Parameter
from gradcheck.scripts.instrument.values import Array
from gradcheck.scripts.replay.state import Path


@dataclass(frozen=True)
class SlopeSettings:
    """How slopes are measured and compared.

    Attributes
    ----------
    steps : tuple of float
        The two steps of the extrapolated difference, relative to the parameters.
    short : tuple of float
        Steps along which a loss that changes in jumps keeps its value, and any other changes by more than rounding.
    equal : float
        Relative difference up to which two slopes are one.
    """

    steps: tuple[float, float] = (2.0**-11, 2.0**-13)
    short: tuple[float, float] = (2.0**-20, 2.0**-22)
    equal: float = 1e-4


SLOPES = SlopeSettings()


def equal_slopes(one: float, other: float) -> bool:
    """Whether two slopes are one and the same, up to what differences leave."""
    return math.isclose(one, other, rel_tol=SLOPES.equal)


class RandomLine:
    """A random line through a base point, in the directions of all parameters.

    Parameters
    ----------
    graph : DataflowGraph
    base : BasePoint
    loss : Node
    parameters : sequence of Parameter
    """

    def __init__(self, graph: DataflowGraph, base: BasePoint, loss: Node, parameters: Sequence[Parameter]) -> None:
        self._graph, self._base, self._loss, self._parameters = graph, base, loss, parameters
        self._directions = [random_direction(p.variable.value, graph.rng) for p in parameters]

    def claimed(self, i: int, node: Node, factor: float) -> float:
        """The slope by a node, times a factor, as the gradient of a parameter."""
        value = replace(self._parameters[i], factor=factor).gradient(self._base.value(node))
        return float((value * self._directions[i]).sum())

    def slope(self, indices: Sequence[int]) -> float:
        """The slope of the loss if some parameters move along the line; NaN if it cannot be measured."""
        slopes = []
        for step in SLOPES.steps:
            ends = [self._at(indices, t) for t in (step, -step)]
            slopes.append((ends[0] - ends[1]) / (2 * step))
        return (16 * slopes[1] - slopes[0]) / 15

    def is_flat(self, indices: Sequence[int]) -> bool:
        """Whether the loss keeps its value along short steps."""
        return len({self._at(indices, sign * t) for t in (0.0, *SLOPES.short) for sign in (1, -1)}) == 1

    def _at(self, indices: Sequence[int], t: float) -> float:
        values: dict[Path, Array] = {}
        for i in indices:
            path = self._parameters[i].variable.path
            values[path] = self._base.state(path) + t * self._directions[i]
        seen = self._graph.values(self._base, [self._loss], values)
        return math.nan if seen is None else float(seen[0].sum())
