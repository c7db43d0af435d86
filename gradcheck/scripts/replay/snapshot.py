"""Everything that a step can read and change: kept, put back, and searched for numbers."""

from __future__ import annotations

import random
import types
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.scripts.instrument.events import is_real
from gradcheck.scripts.instrument.tape import Tape

Array = NDArray[Any]

#: Not looked into.
CLOSED = (
    Tape,
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    type,
    str,
    bytes,
    int,
    complex,
)

#: Arrays of more entries are put back only where a step has changed them.
LARGE = 100_000

#: Sequences longer than this are taken as data, not searched for parameters.
LONG = 5_000


def insides(value: Any) -> Iterator[tuple[str, Any]]:
    """What a container or an object of a user's class holds, each with how it is written."""
    if isinstance(value, dict):
        for key, item in list(value.items()):
            yield f"[{key!r}]", item
    elif isinstance(value, (list, tuple, deque)):
        if len(value) <= LONG:
            for i, item in enumerate(value):
                yield f"[{i}]", item
    elif hasattr(value, "__dict__") and not isinstance(value, CLOSED):
        for key, item in list(vars(value).items()):
            yield f".{key}", item


class Snapshot:
    """The contents of all that can be reached from some objects.

    Parameters
    ----------
    roots : sequence of objects
    """

    def __init__(self, roots: Sequence[Any]) -> None:
        self._held: dict[int, tuple[Any, Any]] = {}
        stack = list(roots)
        while stack:
            value = stack.pop()
            if id(value) in self._held or isinstance(value, CLOSED) or value is None:
                continue
            content = _content(value)
            if content is None and not isinstance(value, tuple):
                continue
            self._held[id(value)] = (value, content)
            stack += [item for _, item in insides(value)]
        self._generators = (np.random.get_state(), random.getstate())
        self._kept = list(self._held.values())

    def narrow(self) -> None:
        """From now on only put back what has changed since."""
        self._kept = [
            (value, content)
            for value, content in self._held.values()
            if content is not None and not _same(value, content)
        ]

    def also(self, values: Sequence[Any]) -> None:
        """Put these back as well, but for large arrays."""
        known = {id(value) for value, _ in self._kept}
        small = [v for v in values if np.size(v) <= LARGE]
        self._kept += [self._held[id(v)] for v in small if id(v) in self._held and id(v) not in known]

    def restore(self) -> None:
        """Put everything back, in place."""
        for value, content in self._kept:
            if content is not None:
                _put_back(value, content)
        np.random.set_state(self._generators[0])
        random.setstate(self._generators[1])


def _content(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy() if value.dtype != object and value.flags.writeable else None
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, (list, deque)):
        return list(value)
    if isinstance(value, np.random.Generator):
        return value.bit_generator.state
    if isinstance(value, np.random.RandomState):
        return value.get_state()
    if isinstance(value, random.Random):
        return value.getstate()
    if hasattr(value, "__dict__") and not isinstance(value, tuple):
        return dict(vars(value))
    return None


def _same(value: Any, content: Any) -> bool:
    if isinstance(value, np.ndarray):
        return bool(np.array_equal(value, content, equal_nan=value.dtype.kind == "f"))
    if isinstance(value, dict):
        return len(value) == len(content) and all(k in value and value[k] is v for k, v in content.items())
    if isinstance(value, (list, deque)):
        return len(value) == len(content) and all(a is b for a, b in zip(value, content, strict=True))
    if isinstance(value, (np.random.Generator, np.random.RandomState, random.Random)):
        return False
    return _same(vars(value), content)


def _put_back(value: Any, content: Any) -> None:
    if isinstance(value, np.ndarray):
        value[...] = content
    elif isinstance(value, (dict, list, deque)):
        if not _same(value, content):
            value.clear()
            value.update(content) if isinstance(value, dict) else value.extend(content)
    elif isinstance(value, np.random.Generator):
        value.bit_generator.state = content
    elif isinstance(value, np.random.RandomState):
        value.set_state(content)
    elif isinstance(value, random.Random):
        value.setstate(content)
    else:
        held = vars(value)
        if not _same(held, content):
            held.clear()
            held.update(content)


@dataclass(frozen=True)
class Leaf:
    """A float, or an array of floats, that can be reached by names.

    Attributes
    ----------
    name : str
        As a program would write it.
    path : tuple of str
        The way to it.
    value : ndarray
        A copy.
    scalar : bool
    owner : object
        What holds it, and `key` where.
    key : object
    found : object
        What was found there.
    part : bool
        Whether it is a part of an array.
    """

    name: str
    path: tuple[Any, ...]
    value: Array
    scalar: bool
    owner: Any
    key: Any
    found: Any
    part: bool = False

    def at(self, key: Any, name: str) -> Leaf | None:
        """A part of an array as a leaf of its own, if it can be written into; None if it is the whole."""
        if self.scalar or key is None:
            return None
        try:
            view = self.found[_kept_axes(key)]
        except (IndexError, TypeError, ValueError):
            return None
        if not isinstance(view, np.ndarray) or view.base is None or not 0 < view.size < self.found.size:
            return None
        return Leaf(name, (*self.path, repr(key)), np.array(view, dtype=np.float64), False, self.owner, key, view, True)

    def put(self, owner: Any, value: Array) -> None:
        """Put a value there: into the array, or in place of the number."""
        if not self.scalar:
            self.found[...] = value
        elif isinstance(owner, (dict, list)):
            owner[self.key] = type(self.found)(value)
        else:
            setattr(owner, self.key, type(self.found)(value))


def _kept_axes(key: Any) -> tuple[slice, ...]:
    """An index by numbers and slices as one by slices alone. Raises TypeError for any other."""
    keys = key if isinstance(key, tuple) else (key,)
    if not all(isinstance(k, (int, np.integer, slice)) and not isinstance(k, bool) for k in keys):
        raise TypeError(key)
    return tuple(k if isinstance(k, slice) else slice(k, k + 1 or None) for k in keys)


def leaves(*scopes: dict[str, Any], chosen: Callable[[Any], bool] = is_real) -> dict[tuple[Any, ...], Leaf]:
    """All floats and arrays of floats that variables lead to, by the ways to them; an inner scope hides outer ones.

    Other numbers than floats with another choice.
    """
    found: dict[tuple[Any, ...], Leaf] = {}
    seen: set[int] = set()
    hidden: set[str] = set()
    for variables in scopes:
        names = [name for name in variables if name not in hidden and not name.startswith(("__", "_gradcheck"))]
        _search(deque(((name,), name, variables[name], variables, name) for name in names), found, seen, chosen)
        hidden |= set(variables)
    return found


def followed(before: Mapping[tuple[Any, ...], Leaf], *scopes: dict[str, Any]) -> dict[tuple[Any, ...], Leaf]:
    """What is found at the ends of the same ways now, where it is a number or an array of floats."""
    return {
        path: replace(before[path], value=np.array(value, dtype=np.float64), found=value)
        for path, value in ends(before, *scopes).items()
        if is_real(value)
    }


def ends(paths: Iterable[tuple[Any, ...]], *scopes: dict[str, Any]) -> dict[tuple[Any, ...], Any]:
    """What is found at the ends of ways through variables, whatever it is."""
    found = {}
    for path in paths:
        try:
            value: Any = next(scope[path[0]] for scope in scopes if path[0] in scope)
            for step in path[1:]:
                value = getattr(value, step[1:]) if step.startswith(".") else value[_key(value, step)]
        except (StopIteration, AttributeError, LookupError, TypeError, ValueError):
            continue
        found[path] = value
    return found


def _search(
    queue: deque[tuple[tuple[Any, ...], str, Any, Any, Any]],
    found: dict[tuple[Any, ...], Leaf],
    seen: set[int],
    chosen: Callable[[Any], bool],
) -> None:
    """Breadth first, so that each has the shortest name."""
    while queue:
        path, name, value, owner, key = queue.popleft()
        if len(path) > 6:
            continue
        if chosen(value):
            scalar = not isinstance(value, np.ndarray)
            found[path] = Leaf(name, path, np.array(value, dtype=np.float64), scalar, owner, key, value)
        elif isinstance(value, (np.ndarray, *CLOSED)):
            continue
        elif id(value) not in seen:
            seen.add(id(value))
            for step, item in insides(value):
                inner = step[1:] if step.startswith(".") else _key(value, step)
                queue.append(((*path, step), name + step, item, value, inner))


def _key(container: Any, step: str) -> Any:
    if isinstance(container, dict):
        return next(key for key in container if f"[{key!r}]" == step)
    return int(step[1:-1])
