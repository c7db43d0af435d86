"""The mapping that holds the parameters of a model: changed in place, and restored bit for bit."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Any

import numpy as np

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.subjects.guard import Contents
from gradcheck.subjects.selection import Wrt
from gradcheck.subjects.subject import Point
from gradcheck.subjects.validation import validated_parameters

#: Attributes that may hold the parameters of a model, in the order in which they are tried.
PARAMETER_ATTRIBUTES = ("params", "parameters")


def parameters_of(model: Any) -> tuple[str, Mapping[Any, Any]] | None:
    """Attribute and value of the mapping of parameters of a model, or None if it has none."""
    for name in PARAMETER_ATTRIBUTES:
        value = getattr(model, name, None)
        if isinstance(value, Mapping):
            return name, value
    return None


class ParameterHolder:
    """The parameters of a model, which can be set to a point and restored.

    Parameters
    ----------
    model : object
        With a mapping `params` or `parameters`.
    wrt : str or iterable of str, optional
        Names of the parameters to check, or the beginnings of names.

    Attributes
    ----------
    parameters : Parameters
    blocks : tuple of Block
    arrays : tuple of ndarray
        The model's own arrays.
    scalars : tuple of bool
        Whether each parameter is a plain number in the mapping, not an array.
    attribute : str
        The attribute of the model.
    mapping : mapping
        Its value.
    where : str
        Class and attribute, for messages.

    Raises
    ------
    SubjectError, SubjectTypeError
        If the parameters are not valid, or cannot be changed in place.
    """

    def __init__(self, model: Any, wrt: Wrt = None) -> None:
        found = parameters_of(model)
        if found is None:
            raise SubjectTypeError(f"{type(model).__qualname__} has no mapping {' or '.join(PARAMETER_ATTRIBUTES)}")
        self.attribute, self.mapping = found
        self._model = model
        self.where = f"{type(model).__qualname__}.{self.attribute}"
        self._original = dict(self.mapping)
        self._wrt = wrt
        self.parameters = validated_parameters(self._original, self.where, wrt)
        self.blocks, self.arrays = self.parameters.blocks, self.parameters.arrays
        self.scalars = tuple(not isinstance(leaf, np.ndarray) for leaf in self.parameters.checked_leaves)
        self._inner = list(_containers(self._original.values(), self.where))
        self._require_writable_in_place()

    def _require_writable_in_place(self) -> None:
        """Refuse parameters that are read-only, copies of those of the model, or share memory."""
        current = getattr(self._model, self.attribute)
        again = validated_parameters(dict(current), self.where, self._wrt).arrays
        for block, array, other, scalar in zip(self.blocks, self.arrays, again, self.scalars, strict=True):
            called = f"{self.where}[{block.name!r}]"
            if scalar and not (block.name in self.mapping and isinstance(self.mapping, MutableMapping)):
                raise SubjectTypeError(f"{called} is a plain number: make it an array of shape ()")
            if not scalar and not array.flags.writeable:
                raise SubjectError(
                    f"{called} is read-only, but a check changes the parameters of a model in place: store a writeable "
                    "copy, array.copy()"
                )
            if (scalar and current is not self.mapping) or (
                not scalar and array.size and not np.may_share_memory(array, other)
            ):
                raise SubjectError(
                    f"{called} is a new copy at each access, so changing it does not change the model: return the "
                    "arrays that the model computes with"
                )
        for (one, first), (two, second) in itertools.combinations(zip(self.blocks, self.arrays, strict=True), 2):
            if np.may_share_memory(first, second) and np.shares_memory(first, second):
                raise SubjectError(
                    f"{self.where}[{one.name!r}] and {self.where}[{two.name!r}] share memory, so neither can be "
                    "changed alone: store a shared parameter once, with the sum of its gradients"
                )

    @property
    def top_level(self) -> bool:
        """Whether each block is an item of the mapping itself, where another array can replace it."""
        names = self.parameters.structure.names
        return isinstance(self.mapping, MutableMapping) and all(name in self.mapping for name in names)

    @property
    def checked_keys(self) -> set[Any]:
        """Keys of the mapping under which there is a parameter that is checked."""
        names = [block.name for block in self.blocks]
        return {key for key in self.mapping if any(name == str(key) or name.startswith(f"{key}.") for name in names)}

    def write(self, point: Point) -> None:
        """Set the parameters to a point, in place."""
        self._restore_objects()
        for block, array, value, scalar in zip(self.blocks, self.arrays, point, self.scalars, strict=True):
            if scalar:
                self._set(block.name, value[()])
            else:
                np.copyto(array, value, casting="same_kind")

    def restore(self, saved: Point) -> None:
        """Restore the mapping, its objects and their values."""
        self.write(saved)
        self._restore_objects(added=True)

    def _restore_objects(self, *, added: bool = False) -> None:
        """Restore the mapping and the objects in it, if the model replaced them; with `added`, remove new ones."""
        attributes = getattr(self._model, "__dict__", {})
        if self.attribute in attributes and attributes[self.attribute] is not self.mapping:
            setattr(self._model, self.attribute, self.mapping)
        for key, value in self._original.items():
            if self.mapping.get(key) is not value and (value is not None or added):
                self._set(key, value)
        for contents in self._inner:
            if added or contents.changed():
                contents.restore(grown=added)
        if added and isinstance(self.mapping, MutableMapping) and len(self.mapping) > len(self._original):
            for key in [key for key in self.mapping if key not in self._original]:
                del self.mapping[key]

    def _set(self, key: Any, value: Any) -> None:
        if isinstance(self.mapping, MutableMapping):
            self.mapping[key] = value

    def changed(self, point: Point) -> str | None:
        """Name of a parameter that differs from the point last written, or None."""
        current = getattr(self._model, self.attribute)
        if current is not self.mapping and self.attribute in getattr(self._model, "__dict__", {}):
            return self.attribute
        for key, value in self._original.items():
            if isinstance(value, np.ndarray) and self.mapping.get(key) is not value:
                return f"{self.where}[{key!r}]"
        if any(contents.changed() for contents in self._inner):
            return self.where
        for block, array, value, scalar in zip(self.blocks, self.arrays, point, self.scalars, strict=True):
            if not scalar and not np.array_equal(array, value.astype(array.dtype), equal_nan=True):
                return f"{self.where}[{block.name!r}]"
        return None

    def with_float64(self, point: Point, call: Callable[[], Any]) -> Any:
        """Result of a call while the mapping holds float64 arrays in place of the model's own.

        Arrays of floats that are not checked are replaced as well, so that the model computes in float64 throughout.
        """
        try:
            for name, value in self.parameters.others.items():
                if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                    self._set(name, value.astype(np.float64))
            for block, value in zip(self.blocks, point, strict=True):
                self._set(block.name, value.astype(np.float64))
            return call()
        finally:
            self._restore_objects()


def _containers(values: Iterable[Any], where: str) -> Iterator[Contents]:
    """The dicts and lists in a nesting."""
    for value in values:
        if isinstance(value, (dict, list)):
            yield Contents(where, value)
        if isinstance(value, (dict, list, tuple)):
            yield from _containers(value.values() if isinstance(value, dict) else value, where)
