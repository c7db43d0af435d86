"""Size of the gradient at each layer of a network, on its way back from the loss."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.subjects.subject import Point

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LayerGradient:
    """Size of the gradient at one layer with weights.

    Attributes
    ----------
    name : str
    rms : float
        Root mean square of the gradient with respect to the output of the layer. For a model that is not a network of
        `gradcheck.nn`: with respect to its weights.
    """

    name: str
    rms: float


def network_layer_gradients(subject: Any, point: Point) -> list[LayerGradient]:
    """Measure the upstream gradient at each layer with weights, in the order of the forward pass.

    Parameters
    ----------
    subject : NetworkSubject
    point : Point
    """
    from gradcheck.nn.layers.container import walk

    with subject.session():
        subject.loss(point)
        network = copy.deepcopy(subject.network)
    norms: dict[str, float] = {}
    chosen = [
        (f"layers.{i}.{name}".rstrip("."), layer)
        for i, outer in enumerate(network.layers)
        for name, layer in walk(outer)
        if not layer.children() and any(value.ndim > 1 for value in layer.params.values())
    ]
    for name, layer in chosen:
        _record_upstream(layer, name, norms)
    network.loss(*subject.batch)
    return [LayerGradient(name, norms[name]) for name, _ in chosen if name in norms]


def _record_upstream(layer: Any, name: str, norms: dict[str, float]) -> None:
    """Wrap the backward methods of a layer so that they store the root mean square of the upstream gradient."""
    for method in ("backward", "parameter_gradients"):
        original = getattr(layer, method)

        def recording(upstream: Array, *, original: Any = original) -> Any:
            norms.setdefault(name, float(np.sqrt(np.mean(np.asarray(upstream) ** 2))))
            return original(upstream)

        setattr(layer, method, recording)  # on a copy of the network that is discarded
