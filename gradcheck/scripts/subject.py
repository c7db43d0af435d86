"""A program as a subject for the same check as everything else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcheck.scripts.graph.dataflow import BasePoint
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.graph.parameters import Parameter
from gradcheck.scripts.instrument.values import Array
from gradcheck.scripts.replay.state import Path
from gradcheck.subjects.subject import Block, Point, Subject


class ProgramSubject(Subject):
    """The loss of a training step as a function of its parameters, and the gradient that the step computes.

    Parameters
    ----------
    base : BasePoint
    loss : Node
    parameters : sequence of Parameter
    name : str
    updating : bool
        Whether the gradients are those of the step with its updates, because some are computed after an update.
    """

    def __init__(
        self, base: BasePoint, loss: Node, parameters: Sequence[Parameter], name: str, *, updating: bool = False
    ) -> None:
        self.name, self._base, self._loss, self._parameters = name, base, loss, tuple(parameters)
        self._updating = updating
        self.blocks = tuple(
            Block(p.name, p.variable.value.shape, str(np.asarray(p.variable.found).dtype)) for p in self._parameters
        )
        self.point = tuple(p.variable.value.copy() for p in self._parameters)
        shapes = [base.value(p.claim).shape for p in parameters]
        self._counts = {n: f"{n} is a length of an axis of the gradients" for s in shapes for n in s if n > 1}

    def _values(self, point: Point) -> dict[Path, Array]:
        return {p.variable.path: x for p, x in zip(self._parameters, point, strict=True)}

    def loss(self, point: Point) -> float:
        """Run the step up to its loss."""
        values = self._values(point)
        seen = self._base.run([self._loss], values=values)
        value = seen[0] if seen is not None else None
        if value is None and self._loss.last < min(self._base.suppressed, default=self._loss.last + 1):
            value = self._base.elsewhere([self._loss], values)[0]
        return float(value.sum()) if value is not None else float("nan")

    def gradient(self, point: Point) -> Point:
        """Run the step up to its gradients."""
        claims, values = [p.claim for p in self._parameters], self._values(point)
        seen: Sequence[Array | None] | None = self._base.run(claims, values=values, updating=self._updating)
        seen = self._base.elsewhere(claims, values) if seen is None else seen
        return tuple(
            np.full(block.shape, np.nan) if value is None else p.gradient(value)
            for block, p, value in zip(self.blocks, self._parameters, seen, strict=True)
        )

    def counts(self) -> dict[int, str]:
        """Lengths of the gradients' axes, each with a sentence."""
        return self._counts
