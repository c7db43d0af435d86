"""A `gradcheck.nn.Network`: a model whose parts are its layers."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.nn import Layer, Network
from gradcheck.nn.layers.container import walk
from gradcheck.subjects.layer import LayerSubject, LossSubject, takes_whole_numbers
from gradcheck.subjects.model import ModelSubject
from gradcheck.subjects.preserving import kept
from gradcheck.subjects.subject import Point, Subject
from gradcheck.subjects.validation import read_loss

Array = NDArray[Any]


class NetworkSubject(ModelSubject):
    """A network with a batch. Each of its layers is a subject of its own, see `parts`."""

    def __init__(self, network: Network, batch: Sequence[Any] = ()) -> None:
        super().__init__(network, batch)
        self._network = network

    @property
    def network(self) -> Network:
        """The network itself."""
        return self._network

    def loss(self, point: Point) -> float:
        """Move the network to the point and take its loss, without the way back where that only costs time."""
        plain = type(self._network).loss is Network.loss
        if self._wide or self._together is None or not plain:
            return super().loss(point)
        self._holder.write(point)
        return read_loss(self._network.value(*self._batch), f"{self.name}.loss()")

    @contextmanager
    def session(self) -> Iterator[None]:
        """Also put back what layers keep from pass to pass: running averages, gradients, masks."""
        layers = [inner for layer in self._network.layers for _, inner in walk(layer)]
        with kept([*layers, self._network.criterion], but="params"), super().session():
            yield

    def parts(self) -> Iterator[Subject]:
        """One subject a layer, inner ones too, with the input that it has in the network; and one for the loss.

        The mistake of one layer shows in its own part (and in those of layers around it), and in no other.
        """
        found, output = captured(self._network, self._batch[0])
        for name, layer, x in found:
            if layer.params or not takes_whole_numbers(layer, x):  # else there is nothing to differentiate by
                others = {another: other for another, _, other in found if another != name}
                part = LayerSubject(layer, x, name, others)
                part.input_depends_on = self._blocks_before(name)
                yield part
        last = LossSubject(copy.deepcopy(self._network.criterion), output, *self._batch[1:])
        last.input_depends_on = tuple(block.name for block in self.blocks)
        yield last

    def _blocks_before(self, name: str) -> tuple[str, ...]:
        """Blocks of the layers up to the one that a layer is in, without those of the layer itself."""
        found: list[str] = []
        for i, outer in enumerate(self._network.layers):
            found += [f"layers.{i}.{key}" for key in outer.params]
            if name in dict(walk(outer, f"layers.{i}")):
                break
        return tuple(block for block in found if not block.startswith(f"{name}."))


def captured(network: Network, X: Any) -> tuple[list[tuple[str, Layer, Array]], Array]:
    """Name and a copy of each layer, with the input that it gets for a batch, and the output of the last.

    The network stays as it is.
    """
    double = copy.deepcopy(network)
    named = [(f"layers.{i}", layer) for i, layer in enumerate(double.layers)]
    every = [(name, inner) for outer, layer in named for name, inner in walk(layer, outer)]
    fresh = {name: copy.deepcopy(layer) for name, layer in every}
    inputs: dict[str, Array] = {}
    for name, layer in every:
        _listen(layer, name, inputs)
    output = double.forward(X)
    return [(name, fresh[name], inputs[name]) for name, _ in every if name in inputs], np.array(output)


def _listen(layer: Layer, name: str, inputs: dict[str, Array]) -> None:
    forward = layer.forward

    def recording(x: Any, *others: Any, **options: Any) -> Array:
        inputs[name] = np.array(x)
        return forward(x, *others, **options)

    layer.forward = recording  # type: ignore[method-assign]  # of a copy that is thrown away
