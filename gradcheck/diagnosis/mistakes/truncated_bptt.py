"""GC311: without the gradient through earlier time steps."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Mistake, Rival, Variant
from gradcheck.nn.layers._recurrent import Recurrent, State
from gradcheck.subjects.subject import Point
from gradcheck.subjects.views import LayerView

Array = NDArray[Any]


class TruncatedBptt(Mistake):
    """The state that a step starts from is taken as a constant, at once or after some steps."""

    code, slug = "GC311", "truncated-bptt"
    says = "without the gradient through earlier time steps"
    fix = "Hand the gradient by the state on to the step before: d_h = upstream[:, t] + d_z_next @ Wh.T."

    def variants(self, scene: Context, block: int) -> Iterator[Variant]:
        """Through one step only, through two, and so on."""
        layer = scene.layer
        if layer is None or not isinstance(layer.layer, Recurrent) or layer.x.ndim != 3:
            return
        states, order = _recorded(layer.layer, layer.x)
        for window in range(1, len(order)):
            names = tuple(block.name for block in scene.subject.blocks)
            yield Rival(f"after {window} of {len(order)}", partial(_loss, layer, names, states, order, window))


def _advance(layer: Recurrent, x: Array, state: State) -> State:
    inward = x @ layer.params["Wx"] + layer.params["b"]
    return layer._step(inward, layer._product(state[0]), state)[0]


def _recorded(layer: Recurrent, x: Array) -> tuple[list[State], list[int]]:
    """The state before each step taken, and the order of the steps."""
    state: State = tuple(np.zeros((layer.states, x.shape[0], layer.units)))
    order, states = list(layer._order(x.shape[1])), []
    for t in order:
        states.append(state)
        state = _advance(layer, x[:, t], state)
    return states, order


def _loss(
    view: LayerView, names: tuple[str, ...], states: list[State], order: list[int], window: int, point: Point
) -> float:
    """Σ U y, where each output sees the parameters and inputs of the last steps only."""
    given = dict(zip(names, point, strict=True))
    layer = copy.copy(view.layer)
    layer.params = {name: given[name] for name in view.parameters}
    x = given.get("x", view.x)
    total = 0.0
    for i, t in enumerate(order):
        if layer.last and i < len(order) - 1:
            continue
        first = max(0, i - window + 1)
        state = states[first]
        for j in order[first : i + 1]:
            state = _advance(layer, x[:, j], state)
        total += float(np.sum((view.upstream if layer.last else view.upstream[:, t]) * state[0]))
    return total
