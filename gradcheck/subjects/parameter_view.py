"""The parameters of a layer of another library, wherever it keeps them: read and changed in every place at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.subjects.validation import same_entries

Array = NDArray[Any]

#: Attribute of a layer, and the keys, indices or attributes that lead on from there.
Path = tuple[Any, ...]

#: Attributes that may hold a mapping or a list of gradients, or the gradient of the parameter beside them.
GRADIENT_MAPPINGS = ("grads", "gradients", "grad")
#: Names that the gradient of a parameter may have.
GRADIENT_NAMES = ("d{}", "d_{}", "grad_{}", "{}_grad", "{}_gradient", "g{}")

#: How many steps from the layer an array is looked for in: attribute, list, object, mapping.
DEPTH = 4


class ParameterView(MutableMapping[str, Array]):
    """A live view of the parameters of a layer.

    Parameters
    ----------
    owner : object
    places : mapping of str to tuple of Path
        For each parameter all places where the layer keeps it; it is read in the first.
    attribute : str or None
        Attribute that holds the mapping or sequence of the parameters, if there is one.
    gradients : mapping of str to Path
        Places of the gradients of parameters that have theirs beside them.
    in_place : iterable of str
        Parameters of which the layer keeps other views: they are changed in place only.
    """

    def __init__(
        self,
        owner: Any,
        places: Mapping[str, tuple[Path, ...]],
        attribute: str | None = None,
        gradients: Mapping[str, Path] | None = None,
        in_place: Iterable[str] = (),
    ) -> None:
        self._owner, self.places, self.attribute = owner, dict(places), attribute
        self.gradients, self._in_place = dict(gradients or {}), frozenset(in_place)

    def of(self, owner: Any) -> ParameterView:
        """The same view of another layer."""
        return ParameterView(owner, self.places, self.attribute, self.gradients, self._in_place)

    def __getitem__(self, name: str) -> Array:
        return np.asarray(value_at(self._owner, self.places[name][0]))

    def __setitem__(self, name: str, value: Array) -> None:
        if name in self._in_place:
            np.copyto(self[name], value, casting="same_kind")
            return
        for place in self.places[name]:
            if value_at(self._owner, place) is not value:
                _replace(self._owner, place, value)

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"{name!r} cannot be removed: it belongs to a layer")

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)


def value_at(owner: Any, path: Path) -> Any:
    """What stands at a place of an object; the result of a method, where the place is one."""
    value = getattr(owner, path[0])
    value = value() if callable(value) else value
    for step in path[1:]:
        value = value[step] if isinstance(value, (Mapping, list, tuple)) else getattr(value, step)
    return value


def _replace(owner: Any, path: Path, value: Any) -> None:
    """Put another array in a place; write into the one there, if nothing else changes it."""
    try:
        if len(path) == 1:
            setattr(owner, path[0], value)
        else:
            holder, step = value_at(owner, path[:-1]), path[-1]
            if isinstance(holder, tuple):
                _replace(owner, path[:-1], (*holder[:step], value, *holder[step + 1 :]))
            elif isinstance(holder, (MutableMapping, list)):
                holder[step] = value
            else:
                setattr(holder, step, value)
    except AttributeError:  # a property that can be read only
        pass
    current = value_at(owner, path)
    if current is not value and isinstance(value, np.ndarray):
        np.copyto(current, value, casting="same_kind")  # a property that makes its mapping anew at each access


def places_of(owner: Any, array: Any) -> tuple[Path, ...]:
    """All places of an object where the very same array stands, attributes first."""
    found = [path for path, value in _walk(owner) if value is array]
    return tuple(sorted(found, key=len))


def shares_memory(owner: Any, array: Array) -> bool:
    """Whether another array of an object is a view of the same memory: then an array is changed in place only."""
    others = (value for _, value in _walk(owner) if isinstance(value, np.ndarray) and value is not array)
    return any(np.may_share_memory(array, other) and np.shares_memory(array, other) for other in others)


def float_arrays(owner: Any) -> dict[Path, Array]:
    """The arrays of floats inside an object by their places; one that stands in several places, by the shortest."""
    found: dict[Path, Array] = {}
    for path, value in sorted(_walk(owner), key=lambda item: len(item[0])):
        if is_float_array(value) and not any(value is other for other in found.values()):
            found[path] = value
    return found


def _walk(owner: Any) -> Iterator[tuple[Path, Any]]:
    """All values inside an object, to a depth of `DEPTH` steps, with their places."""
    waiting: list[tuple[Path, Any]] = [((name,), value) for name, value in attributes_of(owner).items()]
    seen: set[int] = {id(owner)}
    while waiting:
        path, value = waiting.pop(0)
        yield path, value
        if len(path) == DEPTH or id(value) in seen or isinstance(value, (np.ndarray, type)):
            continue
        seen.add(id(value))
        waiting += [((*path, step), inner) for step, inner in inside(value)]


def inside(value: Any) -> Iterator[tuple[Any, Any]]:
    """Keys, indices or attributes of a value, each with what is there."""
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, (list, tuple)):
        yield from enumerate(value)
    elif not callable(value):
        yield from attributes_of(value).items()


def attributes_of(value: Any) -> Mapping[str, Any]:
    """The attributes of an object; none if it has no dictionary of them."""
    return getattr(value, "__dict__", {})


def is_float_array(value: Any) -> bool:
    """Whether a value is an array of floats."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def box_of(value: Any) -> tuple[Any, Any] | None:
    """Steps to the number and to its gradient, if a value is one parameter that has its gradient beside it.

    Such a value is a mapping or an object with one array and a gradient of its shape, which may be None or a number
    before the first backward pass.
    """
    if isinstance(value, (np.ndarray, list, tuple)) or callable(value):
        return None
    held = {step: inner for step, inner in inside(value) if isinstance(step, str)}
    arrays = [step for step, inner in held.items() if is_float_array(inner)]
    for step in arrays:
        called = [*GRADIENT_MAPPINGS, *(pattern.format(step) for pattern in GRADIENT_NAMES)]
        gradient = next((name for name in called if name in held and name != step), None)
        if gradient is None or set(arrays) - {step, gradient}:
            continue
        unset = held[gradient] is None or isinstance(held[gradient], (int, float))
        if unset or same_entries(np.shape(held[gradient]), held[step].shape):
            return step, gradient
    return None


def gradient_names(name: str) -> Iterable[str]:
    """Names that the gradient of a parameter may have: ``dW`` and others for ``W``, ``_dW`` for ``_W``."""
    bare = name.lstrip("_")
    found = [pattern.format(name) for pattern in GRADIENT_NAMES]
    return (
        found if bare == name else [*found, *(name[: -len(bare)] + pattern.format(bare) for pattern in GRADIENT_NAMES)]
    )


def gradient_among(source: Mapping[str, Any], name: str) -> Any:
    """The gradient of a parameter under a name of `gradient_names`, or None."""
    return next((source[key] for key in gradient_names(name) if source.get(key) is not None), None)


def gradient_in(source: Mapping[str, Any], name: str) -> Any:
    """The gradient of a parameter in a mapping of gradients, where it may also be called after the parameter."""
    found = gradient_among(source, name)
    return source.get(name) if found is None else found
