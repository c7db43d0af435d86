"""What layers share that are made of other layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradcheck.nn.layer import Array, Layer
from gradcheck.nn.nested import Nested


class LayerError(ValueError):
    """A `ValueError` of a layer inside another, with the way to it: ``layers.2.layers.0: …``.

    Parameters
    ----------
    where, message : str
    """

    def __init__(self, where: str, message: str) -> None:
        super().__init__(where, message)
        self.where, self.message = where, message

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


@contextmanager
def inside(name: str) -> Iterator[None]:
    """Say of an error which child it came from."""
    try:
        yield
    except LayerError as error:
        raise LayerError(f"{name}.{error.where}", error.message) from error.__cause__
    except ValueError as error:
        raise LayerError(name, str(error)) from error


class Container(Layer):
    """A layer made of its `children`: their parameters are its own, under dotted names.

    Subclasses store their layers, name them in `children`, then call ``super().__init__()``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.params = Nested(self, "params")
        self.grads = Nested(self, "grads")
        self._refuse_repeated()

    @property
    def takes_indices(self) -> bool:
        """Whether the first layer inside does."""
        return next(iter(self.children().values())).takes_indices

    def spec(self) -> dict[str, Any]:
        """Plain data that describe the layer and those inside it, without their parameters."""
        described: dict[str, Any] = plain(super().spec())
        return described

    def _refuse_repeated(self) -> None:
        """Refuse a layer that stands in two places: its second pass would overwrite what the first one kept."""
        names: dict[int, str] = {}
        for name, layer in walk(self):
            first = names.setdefault(id(layer), name)
            if first != name:
                raise ValueError(
                    f"{type(self).__name__}: {first} and {name} are one and the same {layer!r}; make a layer for each"
                )


def walk(layer: Layer, name: str = "") -> Iterator[tuple[str, Layer]]:
    """Each layer inside one, and itself, with its dotted name; the outermost has none."""
    yield name, layer
    for key, child in layer.children().items():
        yield from walk(child, f"{name}.{key}" if name else key)


def layers_of(owner: str, layers: Iterable[Any]) -> tuple[Layer, ...]:
    """Layers as a tuple, or `ValueError` if there are none or one is something else."""
    layers = tuple(layers)
    for position, layer in enumerate(layers):
        if not isinstance(layer, Layer):
            hint = f"; did you mean {layer.__name__}(...)?" if isinstance(layer, type) else ""
            raise ValueError(f"{owner}: layer {position} is {layer!r}, which is no layer{hint}")
    if not layers:
        raise ValueError(f"{owner}: takes at least one layer")
    return layers


def forward_through(layers: dict[str, Layer], x: Array) -> Array:
    """Output of layers, one after the other."""
    for name, layer in layers.items():
        with inside(name):
            x = layer.forward(x)
    return x


def backward_through(layers: dict[str, Layer], upstream: Array) -> Array:
    """Gradient by the input of layers that come one after the other."""
    for name, layer in reversed(layers.items()):
        with inside(name):
            upstream = layer.backward(upstream)
    return upstream


def plain(value: Any) -> Any:
    """A description as numbers, strings, lists and dicts, which JSON can hold."""
    if isinstance(value, Layer):
        return plain(value.spec())
    if isinstance(value, Mapping):
        return {name: plain(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value
