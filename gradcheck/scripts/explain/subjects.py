"""A program, and a line of its backward pass, as subjects for the same check as everything else."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from gradcheck.errors import SubjectError
from gradcheck.scripts.chain_rule.pairs import AdjointPair
from gradcheck.scripts.chain_rule.vjp import ChainRule, Pullback, Variable
from gradcheck.scripts.graph.dataflow import BasePoint
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.graph.parameters import Parameter
from gradcheck.scripts.instrument.values import Array
from gradcheck.scripts.replay.state import Path
from gradcheck.subjects.subject import Block, Point, Subject
from gradcheck.subjects.views import LayerView, View

#: A variable with more entries is not analysed as the input of an activation: each entry costs six replays.
LARGEST_ACTIVATION = 600

#: The steps of a derivative with respect to the output of an activation, relative to its size: a quarter of the one
#: before each, for the Richardson table in `_upstream`.
_ACTIVATION_STEPS = (2.0**-7, 2.0**-9, 2.0**-11)


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
        seen = self._base.run([self._loss], values=self._values(point))
        return float(seen[0].sum()) if seen is not None else float("nan")

    def gradient(self, point: Point) -> Point:
        """Run the step up to its gradients."""
        claims = [p.claim for p in self._parameters]
        seen = self._base.run(claims, values=self._values(point), updating=self._updating)
        if seen is None:
            return tuple(np.full(b.shape, np.nan) for b in self.blocks)
        return tuple(p.gradient(value) for p, value in zip(self._parameters, seen, strict=True))

    def counts(self) -> dict[int, str]:
        """Lengths of the gradients' axes, each with a sentence."""
        return self._counts


class LineSubject(Subject):
    """What one line of a backward pass computes, compared with the upstream adjoints that it computes it from.

    The loss is the pull-back of the line's adjoints; its gradient by the chain rule is what the line should compute.

    Parameters
    ----------
    chain : ChainRule
    base : BasePoint
    pair : AdjointPair
    activation : Node or None
        What the program makes directly of the variable, of the same shape.
    counts : dict of int to str
        Lengths of the arrays of the step, each with a sentence.
    others : dict of str to ndarray
        Other variables of the same shape.
    """

    def __init__(
        self,
        chain: ChainRule,
        base: BasePoint,
        pair: AdjointPair,
        activation: Node | None,
        counts: Mapping[int, str],
        others: Mapping[str, Array],
    ) -> None:
        self.name = pair.variable.label
        self._chain, self._base, self._pair, self._activation = chain, base, pair, activation
        self._counts, self._others = dict(counts), dict(others)
        self.blocks = (Block("x", pair.variable.shape, "float64"),)
        self.point = (pair.variable.value(base).copy(),)

    def loss(self, point: Point) -> float:
        """The pull-back."""
        return self._chain.value(self._pair.pullback, self._base, point[0])

    def gradient(self, point: Point) -> Point:
        """What the line computes at another value of the variable, with the same upstream adjoints."""
        actions, values = self._pair.variable.set_to(point[0])
        for upstream in self._pair.upstream:
            actions.update(upstream.node.set_to(self._base.value(upstream.node)))
        seen = self._base.run([self._pair.node], actions, values)
        if seen is None:
            raise SubjectError("the step takes another branch there")
        return (np.asarray(self._pair.factor * seen[0]).reshape(self.blocks[0].shape),)

    def counts(self) -> dict[int, str]:
        """Lengths of the arrays of the step, each with a sentence."""
        return self._counts

    def view(self, point: Point) -> View | None:
        """The activation that the variable goes through, with the adjoint of its output."""
        activation = self._activation
        if activation is None or activation.size > LARGEST_ACTIVATION:
            return None
        y = self._output(activation, point[0])
        return LayerView(
            layer=None,
            x=point[0],
            y=y,
            upstream=self._upstream(activation, point[0], y),
            parameters={},
            forward=lambda z: self._output(activation, z),
            loss=lambda *_: 0.0,
            others=self._others,
        )

    def _output(self, activation: Node, x: Array) -> Array:
        actions, values = self._pair.variable.set_to(np.asarray(x, dtype=np.float64))
        seen = self._base.run([activation], actions, values)
        return np.full(activation.shape, np.nan) if seen is None else seen[0]

    def _upstream(self, activation: Node, x: Array, y: Array) -> Array:
        """The derivative of the pull-back with respect to the output of the activation, with its input at x."""
        own = [u for u in self._pair.upstream if u.variable.node is activation]
        if own:
            return np.asarray(sum(self._base.value(u.node).reshape(y.shape) / u.scale for u in own))
        variable = self._pair.variable.node
        assert variable is not None  # only nodes have an activation
        base = self._base.with_value(variable, x)
        upstream = [u for u in self._pair.upstream if u.variable.node is not None]
        pullback = Pullback(Variable(node=activation), upstream, pinned=(variable,))
        found = np.zeros(y.shape)
        size = float(np.sqrt(np.mean(y * y))) or 1.0
        for index in np.ndindex(*y.shape):
            differences = []
            for h in (step * size for step in _ACTIVATION_STEPS):
                above, below = y.copy(), y.copy()
                above[index] += h
                below[index] -= h
                values = [self._chain.value(pullback, base, value) for value in (above, below)]
                differences.append((values[0] - values[1]) / (2 * h))
            second = [(16 * b - a) / 15 for a, b in itertools.pairwise(differences)]
            found[index] = (256 * second[1] - second[0]) / 255
        return found
