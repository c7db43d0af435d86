"""A live view of the parameters or gradients of nested layers: one mapping with dotted names."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Literal

import numpy as np

from gradcheck.nn.layer import Array, Layer


class Nested(MutableMapping[str, Array]):
    """A live view of the mappings of a layer's children: ``layers.0.W`` is ``W`` of the child ``layers.0``.

    Arrays are not copied. A layer computes with an array that is assigned here; it must have the same shape, and may
    have another floating-point type. Names cannot be added or removed.

    Parameters
    ----------
    owner : Layer
        The layer that contains the children.
    which : {"params", "grads"}

    Examples
    --------
    >>> from gradcheck.nn import Dense, Sequential
    >>> params = Sequential(Dense(2, 3), Dense(3, 1)).params
    >>> list(params)
    ['layers.0.W', 'layers.0.b', 'layers.1.W', 'layers.1.b']
    >>> params["layers.1.b"][...] = 7.0
    """

    def __init__(self, owner: Layer, which: Literal["params", "grads"]) -> None:
        self._owner = owner
        self._which = which

    def __getitem__(self, name: str) -> Array:
        return self._find(name)[2]

    def __setitem__(self, name: str, value: Array) -> None:
        mapping, key, found = self._find(name)
        value, shape = np.asarray(value), found.shape
        if value.shape != shape or value.dtype.kind != "f":
            raise ValueError(
                f"{name!r} takes an array of floating-point numbers of shape {shape}, "
                f"got {value.dtype} of shape {value.shape}"
            )
        mapping[key] = value

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"{name!r} cannot be removed: it is a parameter of a layer")

    def __iter__(self) -> Iterator[str]:
        for child, mapping in self._mappings():
            for key in mapping:
                yield f"{child}.{key}"

    def __len__(self) -> int:
        return sum(len(mapping) for _, mapping in self._mappings())

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{name!r}: {value.dtype} {value.shape}" for name, value in self.items()) + "}"

    def _mappings(self) -> Iterator[tuple[str, MutableMapping[str, Array]]]:
        for name, child in self._owner.children().items():
            yield name, getattr(child, self._which)

    def _find(self, name: str) -> tuple[MutableMapping[str, Array], str, Array]:
        """The mapping of the child that has the name, the name there, and its array."""
        children, dot = self._owner.children(), name.find(".")
        while dot > 0:
            child, key = children.get(name[:dot]), name[dot + 1 :]
            if child is not None:
                mapping = getattr(child, self._which)
                if (found := mapping.get(key)) is not None:
                    return mapping, key, found
            dot = name.find(".", dot + 1)
        raise KeyError(f"no {name!r}; the names are {', '.join(self)}")
