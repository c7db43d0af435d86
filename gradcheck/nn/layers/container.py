"""Base class of layers that contain other layers, and functions for such nested layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradcheck.nn.layer import Array, Layer
from gradcheck.nn.nested import Nested


class LayerError(ValueError):
    """A `ValueError` of a nested layer, with its path: ``layers.2.layers.0: …``.

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
    """Add the name of a child to the path of an error raised in it."""
    try:
        yield
    except LayerError as error:
        raise LayerError(f"{name}.{error.where}", error.message) from error.__cause__
    except ValueError as error:
        raise LayerError(name, str(error)) from error


class Container(Layer):
    """A layer that contains its `children` and has their parameters under dotted names.

    Subclasses store their layers, return them by name from `children`, and then call ``super().__init__()``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.params = Nested(self, "params")
        self.grads = Nested(self, "grads")
        self._check_distinct()

    @property
    def takes_indices(self) -> bool:
        """Whether the first child takes indices."""
        return next(iter(self.children().values())).takes_indices

    def spec(self) -> dict[str, Any]:
        """Describe the layer and its children as plain data, without their parameters."""
        described: dict[str, Any] = plain(super().spec())
        return described

    def _check_distinct(self) -> None:
        """Refuse a layer that occurs twice: its second forward pass would overwrite the values stored by the first."""
        names: dict[int, str] = {}
        for name, layer in walk(self):
            first = names.setdefault(id(layer), name)
            if first != name:
                raise ValueError(
                    f"{type(self).__name__}: {first} and {name} are the same object {layer!r}; make one layer for each"
                )


def walk(layer: Layer, name: str = "") -> Iterator[tuple[str, Layer]]:
    """The layer itself and all nested layers, with their dotted names; `name` is that of the layer itself."""
    yield name, layer
    for key, child in layer.children().items():
        yield from walk(child, f"{name}.{key}" if name else key)


def layers_of(owner: str, layers: Iterable[Any]) -> tuple[Layer, ...]:
    """Layers as a tuple; `ValueError` if there are none, or one is not a layer."""
    layers = tuple(layers)
    for position, layer in enumerate(layers):
        if not isinstance(layer, Layer):
            hint = f"; did you mean {layer.__name__}(...)?" if isinstance(layer, type) else ""
            raise ValueError(f"{owner}: layer {position} is {layer!r}, which is not a Layer{hint}")
    if not layers:
        raise ValueError(f"{owner}: needs at least one layer")
    return layers


def forward_through(layers: dict[str, Layer], x: Array) -> Array:
    """Output of a sequence of layers."""
    for name, layer in layers.items():
        with inside(name):
            x = layer.forward(x)
    return x


def backward_through(layers: dict[str, Layer], upstream: Array) -> Array:
    """Gradient with respect to the input of a sequence of layers."""
    for name, layer in reversed(layers.items()):
        with inside(name):
            upstream = layer.backward(upstream)
    return upstream


def plain(value: Any) -> Any:
    """Turn a description into numbers, strings, lists and dicts that JSON can hold."""
    if isinstance(value, Layer):
        return plain(value.spec())
    if isinstance(value, Mapping):
        return {name: plain(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value
