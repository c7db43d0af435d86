"""The mapping in which a model keeps its parameters: moved in place, and put back bit for bit."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

import numpy as np

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.subjects.subject import Point
from gradcheck.subjects.validation import read_parameters

#: Where a model may keep its parameters, in the order in which the names are tried.
PARAMETERS = ("params", "parameters")


def parameters_of(model: Any) -> tuple[str, Mapping[Any, Any]] | None:
    """Name and value of the model's mapping of parameters, if it has one."""
    for name in PARAMETERS:
        value = getattr(model, name, None)
        if isinstance(value, Mapping):
            return name, value
    return None


class Holder:
    """The parameters of a model.

    Parameters
    ----------
    model : object
        With a mapping `params` or `parameters`.

    Attributes
    ----------
    blocks : tuple of Block
    structure : Structure
    arrays : tuple of ndarray
        The model's own arrays.

    Raises
    ------
    SubjectError, SubjectTypeError
        If the parameters cannot be read, or not be moved.
    """

    def __init__(self, model: Any) -> None:
        found = parameters_of(model)
        if found is None:
            raise SubjectTypeError(f"{type(model).__qualname__} has no mapping {' or '.join(PARAMETERS)}")
        self.attribute, self.mapping = found
        self._model = model
        self.where = f"{type(model).__qualname__}.{self.attribute}"
        self._original = dict(self.mapping)
        self.blocks, self.arrays, self.structure = read_parameters(self._original, self.where)
        leaves = self.structure.leaves(self._original)
        self.scalars = tuple(not isinstance(leaf, np.ndarray) for leaf in leaves)
        self._refuse_what_cannot_be_moved()

    def _refuse_what_cannot_be_moved(self) -> None:
        current = getattr(self._model, self.attribute)
        again = read_parameters(dict(current), self.where)[1]
        for block, array, other, scalar in zip(self.blocks, self.arrays, again, self.scalars, strict=True):
            called = f"{self.where}[{block.name!r}]"
            if scalar and not (block.name in self.mapping and isinstance(self.mapping, MutableMapping)):
                raise SubjectTypeError(f"{called} is a plain number: make it an array of shape ()")
            if not scalar and not array.flags.writeable:
                raise SubjectError(
                    f"{called} is read-only, and a model is checked by moving its parameters in place: store a "
                    "writeable copy, array.copy()"
                )
            if (scalar and current is not self.mapping) or (
                not scalar and array.size and not np.may_share_memory(array, other)
            ):
                raise SubjectError(
                    f"{called} is a new copy at each access, so that moving it would not move the model: return the "
                    "arrays that the model computes with"
                )
        for (one, first), (two, second) in itertools.combinations(zip(self.blocks, self.arrays, strict=True), 2):
            if np.may_share_memory(first, second) and np.shares_memory(first, second):
                raise SubjectError(
                    f"{self.where}[{one.name!r}] and {self.where}[{two.name!r}] share memory, and cannot be moved "
                    "apart: keep a shared parameter once, with the sum of its gradients"
                )

    @property
    def top_level(self) -> bool:
        """Whether each block stands in the mapping itself, and can be exchanged there."""
        return isinstance(self.mapping, MutableMapping) and all(block.name in self.mapping for block in self.blocks)

    def write(self, point: Point) -> None:
        """Move the parameters to a point."""
        self._put_back_objects()
        for block, array, value, scalar in zip(self.blocks, self.arrays, point, self.scalars, strict=True):
            if scalar:
                self._exchange(block.name, value[()])
            else:
                np.copyto(array, value, casting="same_kind")

    def restore(self, saved: Point) -> None:
        """Put values and objects back as they were."""
        self.write(saved)
        self._put_back_objects()

    def _put_back_objects(self) -> None:
        """Undo what the model exchanged: its mapping for another, or objects in it."""
        attributes = getattr(self._model, "__dict__", {})
        if self.attribute in attributes and attributes[self.attribute] is not self.mapping:
            setattr(self._model, self.attribute, self.mapping)
        for key, value in self._original.items():
            if self.mapping.get(key) is not value:
                self._exchange(key, value)

    def _exchange(self, key: Any, value: Any) -> None:
        if isinstance(self.mapping, MutableMapping):
            self.mapping[key] = value

    def changed(self, point: Point) -> str | None:
        """Name of a block that no longer is as it was written, or None."""
        current = getattr(self._model, self.attribute)
        if current is not self.mapping and self.attribute in getattr(self._model, "__dict__", {}):
            return self.attribute
        for key, value in self._original.items():
            if isinstance(value, np.ndarray) and self.mapping.get(key) is not value:
                return f"{self.where}[{key!r}]"
        for block, array, value, scalar in zip(self.blocks, self.arrays, point, self.scalars, strict=True):
            if not scalar and not np.array_equal(array, value.astype(array.dtype), equal_nan=True):
                return f"{self.where}[{block.name!r}]"
        return None

    def wide(self, point: Point, call: Callable[[], Any]) -> Any:
        """Result of a call while the mapping holds float64 arrays instead of the model's own."""
        try:
            for block, value in zip(self.blocks, point, strict=True):
                self._exchange(block.name, value.astype(np.float64))
            return call()
        finally:
            self._put_back_objects()
