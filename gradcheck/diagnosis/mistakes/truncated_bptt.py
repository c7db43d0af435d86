"""GC311 truncated-bptt: a recurrent layer lacks the gradient through its earlier time steps."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes.mistake import Mistake, OtherLoss, Variant
from gradcheck.nn.layers._recurrent import Recurrent, State
from gradcheck.subjects.subject import Point
from gradcheck.subjects.views import LayerView

Array = NDArray[Any]


class TruncatedBptt(Mistake):
    """The state from a number of time steps before is treated as a constant."""

    code, slug = "GC311", "truncated-bptt"
    description = "the gradient through earlier time steps is missing"
    fix = "Pass the gradient of the state on to the step before: d_h = upstream[:, t] + d_z_next @ Wh.T."

    def variants(self, context: Context, block: int) -> Iterator[Variant]:
        """Yield the gradient through one time step only, through two, and so on."""
        layer = context.layer
        if layer is None or not isinstance(layer.layer, Recurrent) or layer.x.ndim != 3:
            return
        states, order = _states_before(layer.layer, layer.x)
        names = tuple(known.name for known in context.subject.blocks)
        for window in range(1, len(order)):
            loss = partial(_truncated_loss, layer, names, states, order, window)
            yield OtherLoss(f"truncated after {window} of {len(order)} steps", loss)


def _next_state(layer: Recurrent, x: Array, state: State) -> State:
    inward = x @ layer.params["Wx"] + layer.params["b"]
    return layer._step(inward, layer._product(state[0]), state)[0]


def _states_before(layer: Recurrent, x: Array) -> tuple[list[State], list[int]]:
    """Return the state before each time step, and the order of the time steps."""
    state: State = tuple(np.zeros((layer.states, x.shape[0], layer.units)))
    order, states = list(layer._order(x.shape[1])), []
    for t in order:
        states.append(state)
        state = _next_state(layer, x[:, t], state)
    return states, order


def _truncated_loss(
    view: LayerView, names: tuple[str, ...], states: list[State], order: list[int], window: int, point: Point
) -> float:
    """Return Σ U y, where each output depends on the point through the last `window` time steps only."""
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
            state = _next_state(layer, x[:, j], state)
        total += float(np.sum((view.upstream if layer.last else view.upstream[:, t]) * state[0]))
    return total
