"""Forward sweeps: how each value that the loss is made of changes with one entry of the parameters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.recording.graph import Graph
from gradcheck.recording.settings import RECORDING
from gradcheck.tracebacks import pass_on_signal

Array = NDArray[Any]

#: Weights of the central difference of sixth order [1]_ at 1, 2 and 3 steps.
_WEIGHTS = (3 / 4, -3 / 20, 1 / 60)


def tangents(
    graph: Graph, parameters: Sequence[Sequence[int]], of: Iterable[int]
) -> tuple[tuple[int, dict[int, Array]], ...]:
    """The derivatives of some values with respect to each entry of the parameters; none where these are many.

    Each takes six replays of the recorded graph, whatever its operations are.

    Parameters
    ----------
    graph : Graph
    parameters : sequence of sequence of int
        For each block the values that are its parameters.
    of : iterable of int
        The values.

    Returns
    -------
    tuple of (int, dict of int to ndarray)
        For each entry its parameter and the derivatives.

    References
    ----------
    .. [1] B. Fornberg, "Generation of finite difference formulas on arbitrarily spaced grids", Mathematics of
       Computation 51 (1988), 699-706, table 1.
    """
    entries = [(ids, k) for ids in parameters if ids for k in range(np.size(graph.values[ids[0]].array))]
    if len(entries) > RECORDING.most_tangents:
        return ()
    wanted = [each for each in of if np.asarray(graph.values[each].array).dtype.kind == "f"]
    found = []
    for ids, k in entries:
        try:
            found.append((ids[0], _tangent(graph, ids, k, wanted)))
        except Exception as error:  # a step out of the domain of the user's functions
            pass_on_signal(error)
    return tuple(found)


def _tangent(graph: Graph, ids: Sequence[int], k: int, wanted: Sequence[int]) -> dict[int, Array]:
    at = np.asarray(graph.values[ids[0]].array, dtype=np.float64)
    step = RECORDING.stencil * max(abs(float(at.reshape(-1)[k])), RECORDING.least_spread)
    order = graph.order(ids, wanted)
    total: dict[int, Array] = {}
    for number, weight in enumerate(_WEIGHTS, start=1):
        for sign in (1.0, -1.0):
            moved = at.copy().reshape(-1)
            moved[k] += sign * number * step
            instead = {each: moved.reshape(np.shape(graph.values[each].array)) for each in ids}
            for each, array in graph.recomputed(instead, wanted, order).items():
                total[each] = total.get(each, 0.0) + sign * weight / step * np.asarray(array, dtype=np.float64)
    return total
