"""A `gradcheck.nn.Network`: a model whose parts are its layers."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.adapters.function import FunctionSubject
from gradcheck.adapters.keeping import kept
from gradcheck.adapters.model import ModelSubject
from gradcheck.nn import Layer, Network
from gradcheck.nn.layers.container import walk
from gradcheck.subject import Subject

Array = NDArray[Any]

#: The name under which the input of a layer stands among its parameters.
INPUT = "x"


class NetworkSubject(ModelSubject):
    """A network with a batch. Each of its layers is a subject of its own, see `parts`."""

    def __init__(self, network: Network, batch: Sequence[Any] = ()) -> None:
        super().__init__(network, batch)
        self._network = network

    @contextmanager
    def session(self) -> Iterator[None]:
        """Also put back what layers keep from pass to pass: running averages, gradients, masks."""
        layers = [inner for layer in self._network.layers for _, inner in walk(layer)]
        with kept([*layers, self._network.criterion], but="params"), super().session():
            yield

    def parts(self) -> Iterator[Subject]:
        """One subject a layer, inner ones too, with the input that it has in the network.

        The loss of a part is Σ U·y over the layer's output y, with a random upstream gradient U, and its claimed
        gradient what the layer's own `backward` makes of U: by its input and by its parameters. So the mistake of one
        layer shows in its own part (and in those of layers around it), and in no other.
        """
        for name, layer, x in captured(self._network, self._batch[0]):
            if layer.params or not _whole(layer, x):  # else there is nothing to differentiate by
                yield layer_subject(layer, x, name)


def captured(network: Network, X: Any) -> list[tuple[str, Layer, Array]]:
    """Name and a copy of each layer, with the input that it gets for a batch. The network stays as it is."""
    double = copy.deepcopy(network)
    named = [(f"layers.{i}", layer) for i, layer in enumerate(double.layers)]
    every = [(name, inner) for outer, layer in named for name, inner in walk(layer, outer)]
    fresh = {name: copy.deepcopy(layer) for name, layer in every}
    inputs: dict[str, Array] = {}
    for name, layer in every:
        _listen(layer, name, inputs)
    double.forward(X)
    return [(name, fresh[name], inputs[name]) for name, _ in every if name in inputs]


def _listen(layer: Layer, name: str, inputs: dict[str, Array]) -> None:
    forward = layer.forward

    def recording(x: Any, *others: Any, **options: Any) -> Array:
        inputs[name] = np.array(x)
        return forward(x, *others, **options)

    layer.forward = recording  # type: ignore[method-assign]  # of a copy that is thrown away


def layer_subject(layer: Layer, x: Array, name: str, seed: int = 0) -> Subject:
    """A layer as a subject: blocks are its input (unless it holds indices) and its parameters."""
    upstream = np.random.default_rng(seed).standard_normal(layer.forward(x).shape)
    whole = _whole(layer, x)
    start: dict[str, Array] = {} if whole else {INPUT: x}
    start |= {key: np.array(value) for key, value in layer.params.items()}

    def forward(point: dict[str, Array]) -> Array:
        for key in layer.params:
            layer.params[key] = point[key]
        return layer.forward(x if whole else point[INPUT])

    def loss(point: dict[str, Array]) -> float:
        return float(np.sum(upstream * forward(point)))

    def gradient(point: dict[str, Array]) -> dict[str, Array]:
        y = forward(point)
        downstream = layer.backward(upstream.astype(y.dtype))
        return ({} if whole else {INPUT: downstream}) | {key: np.array(layer.grads[key]) for key in layer.params}

    part = FunctionSubject(loss, gradient, start)
    part.parallel = False  # it is the one layer that is moved
    part.name = f"{name} ({type(layer).__name__})"
    return part


def _whole(layer: Layer, x: Array) -> bool:
    """Whether the input is made of indices, which nobody differentiates by."""
    return layer.takes_indices or x.dtype.kind in "iub"
