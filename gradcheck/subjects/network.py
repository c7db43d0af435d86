"""A `gradcheck.nn.Network` as a subject whose parts are its layers and its loss."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.nn import Layer, Network
from gradcheck.nn.layers.container import walk
from gradcheck.subjects.exclusive import exclusive
from gradcheck.subjects.foreign_layer import ForeignLayer
from gradcheck.subjects.layer import LayerSubject, LossSubject, has_index_input
from gradcheck.subjects.model import ModelSubject
from gradcheck.subjects.preserving import preserved
from gradcheck.subjects.selection import Wrt
from gradcheck.subjects.subject import Point, Subject
from gradcheck.subjects.validation import validated_loss

Array = NDArray[Any]


class NetworkSubject(ModelSubject):
    """A network with a batch."""

    def __init__(self, network: Network, batch: Sequence[Any] = (), *, wrt: Wrt = None) -> None:
        self._network = network
        unread = [layer for _, layer in self._foreign_layers() if layer.unread]
        if unread and not network.params:
            raise unread[0].unread_error()
        super().__init__(network, batch, wrt=wrt)

    @property
    def network(self) -> Network:
        """The network itself."""
        return self._network

    def loss(self, point: Point) -> float:
        """Set the network to the point and compute its loss, without the backward pass if nothing needs it."""
        plain = type(self._network).loss is Network.loss
        if self._wide or self._together is None or not plain:
            return super().loss(point)
        self._holder.write(point)
        source = f"{self.name}.loss()"
        return validated_loss(self._with_batch(self._network.value, source), source)

    @contextmanager
    def session(self) -> Iterator[None]:
        """Also restore what layers keep from pass to pass: running averages, gradients, masks."""
        layers = [inner for layer in self._network.layers for _, inner in walk(layer)]
        foreign = [layer.layer for _, layer in self._foreign_layers() if hasattr(layer.layer, "__dict__")]
        kept = [*layers, *foreign, self._network.criterion]
        with exclusive(self._shared), preserved(kept, skip="params"), super().session():
            yield

    def notes(self) -> tuple[str, ...]:
        """Also arrays of layers of other libraries that are not known to be parameters."""
        more = [
            f"not checked, since no gradient is called after it: {', '.join(layer.unread)} of {place}"
            for place, layer in self._foreign_layers()
            if layer.unread
        ]
        return (*super().notes(), *more)

    def _foreign_layers(self) -> list[tuple[str, ForeignLayer]]:
        """Layers of other libraries, with their places."""
        every = [each for i, outer in enumerate(self._network.layers) for each in walk(outer, f"layers.{i}")]
        return [(place, layer) for place, layer in every if isinstance(layer, ForeignLayer)]

    def parts(self) -> Iterator[Subject]:
        """One subject for each layer, nested ones included, and one for the loss, with the inputs of this batch.

        A mistake in one layer shows only in its own part and in those of the layers that contain it.
        """
        found, output = self._arguments.call("forward()", lambda: capture_layers(self._network, self._batch[0]))
        for name, layer, x in found:
            if layer.params or not has_index_input(layer, x):  # else it has no blocks
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


def capture_layers(network: Network, X: Any) -> tuple[list[tuple[str, Layer, Array]], Array]:
    """Run a copy of the network forward and record the input of each layer.

    Returns
    -------
    layers : list of (name, layer, input)
        An unused copy of each layer, nested ones included.
    output : ndarray
        Output of the network.
    """
    double = copy.deepcopy(network)
    named = [(f"layers.{i}", layer) for i, layer in enumerate(double.layers)]
    every = [(name, inner) for outer, layer in named for name, inner in walk(layer, outer)]
    fresh = {name: copy.deepcopy(layer) for name, layer in every}
    inputs: dict[str, Array] = {}
    for name, layer in every:
        _record_input(layer, name, inputs)
    output = double.forward(X)
    return [(name, fresh[name], inputs[name]) for name, _ in every if name in inputs], np.array(output)


def _record_input(layer: Layer, name: str, inputs: dict[str, Array]) -> None:
    """Wrap the forward pass of a layer: its input is stored in `inputs` under its name."""
    forward = layer.forward

    def recording(x: Any, *others: Any, **options: Any) -> Array:
        inputs[name] = np.array(x)
        return forward(x, *others, **options)

    layer.forward = recording  # type: ignore[method-assign]  # of a copy
