"""Keeps the contents of all objects that a step can reach, and puts them back."""

from __future__ import annotations

import random
import types
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradcheck.scripts.instrument.tracer import Tracer

#: Types whose objects are not searched.
OPAQUE = (
    Tracer,
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

#: Arrays of more entries are only put back if the recorded step changed them: copying them costs more than a replay.
_LARGE_ARRAY = 100_000

#: Longer sequences are data and are not searched for parameters.
_LONG_SEQUENCE = 5_000


def items_of(value: Any) -> Iterator[tuple[str, Any]]:
    """The items of a container, or attributes of a user's object, each with its accessor: ``[0]``, ``.w``."""
    if isinstance(value, dict):
        for key, item in list(value.items()):
            yield f"[{key!r}]", item
    elif isinstance(value, (list, tuple, deque)):
        if len(value) <= _LONG_SEQUENCE:
            for i, item in enumerate(value):
                yield f"[{i}]", item
    elif hasattr(value, "__dict__") and not isinstance(value, OPAQUE):
        for key, item in list(vars(value).items()):
            yield f".{key}", item


def generator_states() -> tuple[Any, Any]:
    """The states of the global generators of NumPy and of Python."""
    return np.random.get_state(), random.getstate()


def set_generator_states(states: tuple[Any, Any]) -> None:
    """Set the states of the global generators."""
    np.random.set_state(states[0])
    random.setstate(states[1])


class Snapshot:
    """The contents of all objects that can be reached from some roots.

    Parameters
    ----------
    roots : sequence of objects
    """

    def __init__(self, roots: Sequence[Any]) -> None:
        self._held: dict[int, tuple[Any, Any]] = {}
        stack = list(roots)
        while stack:
            value = stack.pop()
            if id(value) in self._held or isinstance(value, OPAQUE) or value is None:
                continue
            content = _content(value)
            if content is None and not isinstance(value, tuple):
                continue
            self._held[id(value)] = (value, content)
            stack += [item for _, item in items_of(value)]
        self._restored = list(self._held.values())

    def restrict_to_changed(self) -> None:
        """From now on put back only what has changed by now."""
        self._restored = [
            (value, content)
            for value, content in self._held.values()
            if content is not None and not _unchanged(value, content)
        ]

    def include(self, values: Sequence[Any]) -> None:
        """Put these back as well, except for large arrays."""
        known = {id(value) for value, _ in self._restored}
        small = [v for v in values if np.size(v) <= _LARGE_ARRAY]
        self._restored += [self._held[id(v)] for v in small if id(v) in self._held and id(v) not in known]

    def restore(self) -> None:
        """Put the contents back, in place."""
        for value, content in self._restored:
            if content is not None:
                _put_back(value, content)


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


def _unchanged(value: Any, content: Any) -> bool:
    if isinstance(value, np.ndarray):
        return bool(np.array_equal(value, content, equal_nan=value.dtype.kind == "f"))
    if isinstance(value, dict):
        return len(value) == len(content) and all(k in value and value[k] is v for k, v in content.items())
    if isinstance(value, (list, deque)):
        return len(value) == len(content) and all(a is b for a, b in zip(value, content, strict=True))
    if isinstance(value, (np.random.Generator, np.random.RandomState, random.Random)):
        return False
    return _unchanged(vars(value), content)


def _put_back(value: Any, content: Any) -> None:
    if isinstance(value, np.ndarray):
        value[...] = content
    elif isinstance(value, (dict, list, deque)):
        if not _unchanged(value, content):
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
        if not _unchanged(held, content):
            held.clear()
            held.update(content)
