"""Slopes of the loss along random lines through a base point, beside those that claimed gradients have there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gradcheck.differences.settings import EPSILON
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
    near : float
        The same for slopes that kinks within the steps may have changed.
    roundings : float
        How many roundings of the loss a difference may be off by.
    """

    steps: tuple[float, float] = (2.0**-11, 2.0**-13)
    short: tuple[float, float] = (2.0**-20, 2.0**-22)
    equal: float = 1e-4
    near: float = 2e-2
    roundings: float = 8.0


SLOPES = SlopeSettings()


def equal_slopes(one: float, other: float, *, nearly: bool = False) -> bool:
    """Whether two slopes are one and the same, up to what differences leave, or nearly where there are kinks."""
    return math.isclose(one, other, rel_tol=SLOPES.near if nearly else SLOPES.equal)


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

    def exact_slope(self, i: int) -> float | None:
        """The recorded slope of the loss if one parameter moves, if a measured one nearly is the same; None if not."""
        variable = self._parameters[i].variable
        known = self._graph.slopes(self._loss, [variable]).get(variable.path)
        if known is None or np.shape(known) != np.shape(self._directions[i]):
            return None
        exact = float((np.asarray(known) * self._directions[i]).sum())
        rounding = SLOPES.roundings * EPSILON * abs(float(self._base.value(self._loss).sum())) / SLOPES.short[0]
        short = abs(self.short_slope(i) - exact) <= SLOPES.near * abs(exact) + rounding
        return exact if short or equal_slopes(self.slope([i]), exact, nearly=True) else None

    def short_slope(self, i: int) -> float:
        """The slope of the loss if one parameter moves by a step so short that it meets few kinks."""
        step = SLOPES.short[0]
        ends = [self._at([i], t) for t in (step, -step)]
        return (ends[0] - ends[1]) / (2 * step)

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
