"""A program, and a line of it, as subjects for the same check as everything else."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectError
from gradcheck.scripts.chain_rule.vjp import Chain, Place, Source
from gradcheck.scripts.graph.dataflow import Base
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.graph.parameters import Parameter
from gradcheck.subjects.subject import Block, Point, Subject
from gradcheck.subjects.views import LayerView, View

Array = NDArray[Any]

#: The largest variable whose derivative is measured entry by entry to see what an activation does to it.
SMALL = 600


class ProgramSubject(Subject):
    """The loss of a training step as a function of its parameters, and the gradient that the step computes.

    Parameters
    ----------
    base : Base
    loss : Node
    parameters : sequence of Parameter
    name : str
    updating : bool
        Whether gradients are those of the step with its updates, which some of them are computed after.
    """

    def __init__(
        self, base: Base, loss: Node, parameters: Sequence[Parameter], name: str, *, updating: bool = False
    ) -> None:
        self._updating = updating
        self.name, self._base, self._loss, self._parameters = name, base, loss, tuple(parameters)
        self.blocks = tuple(
            Block(p.name, p.leaf.value.shape, str(np.asarray(p.leaf.found).dtype)) for p in self._parameters
        )
        self.point = tuple(p.leaf.value.copy() for p in self._parameters)
        self._counts = _counts([base.value(p.claim).shape for p in parameters])

    def _leaves(self, point: Point) -> dict[Any, Array]:
        return {p.leaf.path: x for p, x in zip(self._parameters, point, strict=True)}

    def loss(self, point: Point) -> float:
        """Run the step up to its loss."""
        seen = self._base.run([self._loss], leaves=self._leaves(point))
        return float(seen[0].sum()) if seen is not None else float("nan")

    def gradient(self, point: Point) -> Point:
        """Run the step up to its gradients."""
        claims, leaves = [p.claim for p in self._parameters], self._leaves(point)
        seen = self._base.run(claims, leaves=leaves, updating=self._updating)
        if seen is None:
            return tuple(np.full(b.shape, np.nan) for b in self.blocks)
        return tuple(p.claimed(value) for p, value in zip(self._parameters, seen, strict=True))

    def counts(self) -> dict[int, str]:
        """Lengths of the arrays of the step."""
        return self._counts


class LineSubject(Subject):
    """What one line of a backward pass computes, against the derivatives that it computes it from.

    The loss is Σ ⟨derivative, variable⟩ over what the line reads, plus the loss itself, each variable held when the
    next one reads it; its gradient by the chain rule is what the line should compute.

    Parameters
    ----------
    chain : Chain
    base : Base
    place : Place
        What the derivative is by.
    node : Node
        The derivative.
    factor : float
    sources : sequence of Source
    child : Node or None
        What the program makes of the variable at once, of the same shape: an activation.
    counts : dict
    """

    def __init__(
        self,
        chain: Chain,
        base: Base,
        place: Place,
        node: Node,
        factor: float,
        sources: Sequence[Source],
        child: Node | None = None,
        counts: dict[int, str] | None = None,
        others: dict[str, Array] | None = None,
    ) -> None:
        self.name = place.label
        self._chain, self._base, self._place, self._node = chain, base, place, node
        self._factor, self._sources, self._child = factor, tuple(sources), child
        self._counts, self._others = counts or {}, others or {}
        self.blocks = (Block("x", place.shape, "float64"),)
        self.point = (place.value(base).copy(),)

    def loss(self, point: Point) -> float:
        """The surrogate."""
        return self._chain.surrogate(self._base, self._place, self._sources, self._sources, True, point[0])

    def gradient(self, point: Point) -> Point:
        """What the line computes if the variable is moved, and what it reads of derivatives is not."""
        actions, leaves = self._place.put(point[0])
        for source in self._sources:
            actions.update(source.node.held(self._base.value(source.node)))
        seen = self._base.run([self._node], actions, leaves)
        if seen is None:
            raise SubjectError("the step takes another branch there")
        return (np.asarray(self._factor * seen[0]).reshape(self.blocks[0].shape),)

    def counts(self) -> dict[int, str]:
        """Lengths of the arrays of the step."""
        return self._counts

    def view(self, point: Point) -> View | None:
        """The activation that the variable goes through, with the derivative by what comes out of it."""
        child = self._child
        if child is None or child.size > SMALL or not np.array_equal(point[0], self.point[0]):
            return None if child is None or child.size > SMALL else self._view(point[0], child)
        return self._view(point[0], child)

    def _view(self, x: Array, child: Node) -> View | None:
        y = self._forward(child, x)
        moved = Base(
            self._base.step,
            self._base.values,
            self._base.trace,
            self._base.name,
            self._base.neutral,
            self._base.neutral_keys,
        )
        upstream = _Moved(self._chain, moved, self._place, x).upstream(child, y, self._sources)
        return LayerView(
            layer=None,
            x=x,
            y=y,
            upstream=upstream,
            parameters={},
            forward=lambda z: self._forward(child, z),
            loss=lambda *_: 0.0,
            others=self._others,
        )

    def _forward(self, child: Node, x: Array) -> Array:
        actions, leaves = self._place.put(np.asarray(x, dtype=np.float64))
        seen = self._base.run([child], actions, leaves)
        return np.full(child.shape, np.nan) if seen is None else seen[0]


class _Moved:
    """The step with one variable given another value."""

    def __init__(self, chain: Chain, base: Base, place: Place, x: Array) -> None:
        self._chain, self._base, self._place, self._x = chain, base, place, x

    def upstream(self, child: Node, y: Array, sources: Sequence[Source]) -> Array:
        """Derivative of the surrogate by what an activation puts out, where the variable has the new value."""
        actions, leaves = self._place.put(self._x)
        watched = [s.place.node for s in sources if s.place.node is not None and s.place.node is not child]
        own = [s for s in sources if s.place.node is child]
        if own:
            return np.asarray(sum(self._base.value(s.node).reshape(y.shape) / s.scale for s in own))
        kept = [s for s in sources if s.place.node is not None and s.place.node is not child]

        def phi(value: Array) -> float:
            held = {**actions, **child.held(value)}
            for source in kept:
                assert source.place.node is not None
                held.update(source.place.node.held(self._base.value(source.place.node)))
            held.update(child.held(value))
            seen = self._base.run([*watched, self._chain.loss], held, leaves)
            if seen is None:
                return float("nan")
            total = float(seen[-1].sum())
            for source, array in zip(kept, seen, strict=False):
                total += float((self._base.value(source.node).reshape(array.shape) * array).sum()) / source.scale
            return total

        found = np.zeros(y.shape)
        size = float(np.sqrt(np.mean(y * y))) or 1.0
        for index in np.ndindex(*y.shape):
            rough = []
            for h in (2.0**-7 * size, 2.0**-9 * size, 2.0**-11 * size):
                above, below = y.copy(), y.copy()
                above[index] += h
                below[index] -= h
                rough.append((phi(above) - phi(below)) / (2 * h))
            second = [(16 * b - a) / 15 for a, b in itertools.pairwise(rough)]
            found[index] = (256 * second[1] - second[0]) / 255
        return found


def _counts(shapes: Sequence[tuple[int, ...]]) -> dict[int, str]:
    """Lengths of axes, each with a sentence."""
    return {n: f"{n} is a length of an axis of the gradients" for shape in shapes for n in shape if n > 1}
