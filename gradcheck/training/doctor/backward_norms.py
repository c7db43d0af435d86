"""How large the gradient is on its way back through the layers."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.subjects.subject import Point

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Signal:
    """The gradient at one layer with weights.

    Attributes
    ----------
    name : str
    size : float
        Root mean square of the gradient by what the layer puts out; of a plain model, by its weights.
    """

    name: str
    size: float


def of_network(subject: Any, point: Point) -> list[Signal]:
    """The gradients that arrive at the layers of a network, in the order of the forward pass."""
    from gradcheck.nn.layers.container import walk

    with subject.session():
        subject.loss(point)
        double = copy.deepcopy(subject.network)
    arrived: dict[str, float] = {}
    chosen = [
        (f"layers.{i}.{name}".rstrip("."), layer)
        for i, outer in enumerate(double.layers)
        for name, layer in walk(outer)
        if not layer.children() and any(value.ndim > 1 for value in layer.params.values())
    ]
    for name, layer in chosen:
        _listen(layer, name, arrived)
    double.loss(*subject.batch)
    return [Signal(name, arrived[name]) for name, _ in chosen if name in arrived]


def _listen(layer: Any, name: str, arrived: dict[str, float]) -> None:
    """Keep the size of the upstream gradient, whichever way the layer is asked."""
    for method in ("backward", "parameter_gradients"):
        original = getattr(layer, method)

        def recording(upstream: Array, *, original: Any = original) -> Any:
            arrived.setdefault(name, float(np.sqrt(np.mean(np.asarray(upstream) ** 2))))
            return original(upstream)

        setattr(layer, method, recording)  # of a copy that is thrown away
