"""A `gradcheck.nn.Network` as a subject whose parts are its layers and its loss."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.nn import Layer, Network
from gradcheck.nn.layers.container import walk
from gradcheck.subjects.exclusive import exclusive
from gradcheck.subjects.foreign_layer import ForeignLayer, user_callables
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
        #: Places of layers that write into what they are given; None before it has been looked for.
        self._writing: set[str] | None = None
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

    def functions(self) -> tuple[Any, ...]:
        """Also the layers of other libraries, which the network calls through others."""
        return (*super().functions(), *(each for _, layer in self._foreign_layers() for each in user_callables(layer)))

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
                yield self._part(name, layer, x, others)
        last = LossSubject(copy.deepcopy(self._network.criterion), output, *self._batch[1:])
        last.inputs = dict.fromkeys(last.inputs, tuple(block.name for block in self.blocks))
        yield last

    def parts_in_place(self) -> Iterator[Subject]:
        """One subject for each layer, with the upstream gradient that reaches it in this network.

        A backward pass that clips, or is not linear for another reason, may be right for an upstream gradient of order
        one and wrong for that of the network.
        """
        found, _ = self._arguments.call("forward()", lambda: capture_layers(self._network, self._batch[0]))
        upstreams = self._arguments.call("loss()", lambda: capture_upstreams(self._network, self._batch))
        for name, layer, x in found:
            if name in upstreams and not has_index_input(layer, x):
                others = {another: other for another, _, other in found if another != name}
                yield self._part(name, layer, x, others, upstreams[name])

    def passed_down_by(self, block: str) -> tuple[str, ...]:
        """Layers of the user behind a layer of `gradcheck.nn` whose parameter the block is.

        If some of them write into what they are given, only these.
        """
        named = [(f"layers.{i}", outer) for i, outer in enumerate(self._network.layers)]
        place = ".".join(block.split(".")[:2])
        position = next((i for i, (name, _) in enumerate(named) if name == place), None)
        if position is None or any(_is_users(inner) for _, inner in walk(named[position][1])):
            return ()
        return self._suspects(each for name, outer in named[position + 1 :] for each in walk(outer, name))

    def _suspects(self, layers: Iterable[tuple[str, Layer]]) -> tuple[str, ...]:
        """The user's layers among some; those that write into what they are given, if there are such."""
        users = {name: f"{name} ({type(layer).__name__})" for name, layer in layers if _is_users(layer)}
        if not users:
            return ()
        if self._writing is None:
            self._writing = self._arguments.call("loss()", lambda: layers_that_write(self._network, self._batch))
        writing = tuple(f"{users[name]}, which writes into what it is given" for name in users if name in self._writing)
        return writing or tuple(users.values())

    def _part(
        self, name: str, layer: Layer, x: Array, others: dict[str, Array], upstream: Array | None = None
    ) -> LayerSubject:
        part = LayerSubject(layer, x, name, others, upstream)
        part.inputs = dict.fromkeys(part.inputs, self._blocks_before(name))
        if not _is_users(layer):
            part.users_inside = self._suspects(walk(layer, name))
        return part

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


def capture_upstreams(network: Network, batch: Sequence[Any]) -> dict[str, Array]:
    """Run a copy of the network forward and backward, and record the upstream gradient of each layer by its place."""
    double = copy.deepcopy(network)
    upstreams: dict[str, Array] = {}
    for i, outer in enumerate(double.layers):
        for name, layer in walk(outer, f"layers.{i}"):
            _record_upstream(layer, name, upstreams)
    double.loss(*batch)
    return upstreams


def layers_that_write(network: Network, batch: Sequence[Any]) -> set[str]:
    """Run a copy of the network; return the places of layers that write into their input or upstream gradient."""
    double = copy.deepcopy(network)
    found: set[str] = set()
    for i, outer in enumerate(double.layers):
        for name, layer in walk(outer, f"layers.{i}"):
            for method in ("forward", "backward"):
                setattr(layer, method, _noting(getattr(layer, method), name, found))
    double.loss(*batch)
    return found


def _noting(method: Callable[..., Array], name: str, found: set[str]) -> Callable[..., Array]:
    """Wrap a pass of a layer: its name is added to `found` if the pass writes into its argument."""

    def noting(given: Any, *others: Any, **options: Any) -> Array:
        before = np.array(given)
        result = method(given, *others, **options)
        if not np.array_equal(before, given, equal_nan=before.dtype.kind in "fc"):
            found.add(name)
        return result

    return noting


def _is_users(layer: Layer) -> bool:
    """Whether a layer is one of the user's, and not one of `gradcheck.nn`."""
    return isinstance(layer, ForeignLayer) or not type(layer).__module__.startswith(
        f"{Layer.__module__.rpartition('.')[0]}."
    )


def _record_upstream(layer: Layer, name: str, upstreams: dict[str, Array]) -> None:
    """Wrap the backward pass of a layer: its upstream gradient is stored in `upstreams` under its name."""
    backward = layer.backward

    def recording(upstream: Any, *others: Any, **options: Any) -> Array:
        upstreams[name] = np.array(upstream)
        return backward(upstream, *others, **options)

    layer.backward = recording  # type: ignore[method-assign]  # of a copy


def _record_input(layer: Layer, name: str, inputs: dict[str, Array]) -> None:
    """Wrap the forward pass of a layer: its input is stored in `inputs` under its name."""
    forward = layer.forward

    def recording(x: Any, *others: Any, **options: Any) -> Array:
        inputs[name] = np.array(x)
        return forward(x, *others, **options)

    layer.forward = recording  # type: ignore[method-assign]  # of a copy
