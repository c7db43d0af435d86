"""What a step is given in place of what it would find: numbers of wider types, and files that lead nowhere."""

from __future__ import annotations

import io
import sys
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from gradcheck.scripts.replay.snapshot import CLOSED, insides

Change = Callable[[Any], Any]
Old = tuple[Any, Any, Any]


def widened(value: Any) -> Any:
    """A narrow array, or number, of floats in float64; anything else as it is."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.dtype.itemsize < 8:
        return value.astype(np.float64)
    if isinstance(value, np.floating) and not isinstance(value, np.float64):
        return np.float64(value)
    return value


def harmless(value: Any) -> Any:
    """A file that leads nowhere for one that is open for writing; else a value of a wider type, or as it is."""
    if isinstance(value, io.IOBase) and not value.closed and value.writable() and value not in (sys.stdout, sys.stderr):
        return io.StringIO() if isinstance(value, io.TextIOBase) else io.BytesIO()
    return widened(value)


def is_whole(value: Any) -> bool:
    """Whether a value is a whole number or an array of them."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "iu"
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def replaced(roots: Iterable[Any], change: Change) -> list[Old]:
    """Replace values wherever dicts, lists, tuples and objects that can be reached from some roots hold them.

    Returns
    -------
    list of (owner, key, value)
        What stood in the places that were changed.
    """
    known: dict[int, Any] = {}  # one and the same array stays one
    kept: list[Any] = []
    seen: set[int] = set()
    old: list[Old] = []

    def new(value: Any) -> Any:
        if isinstance(value, tuple) and type(value) is tuple:
            items = [new(item) for item in value]
            return tuple(items) if any(a is not b for a, b in zip(items, value, strict=True)) else value
        if id(value) not in known:
            known[id(value)] = change(value)
            kept.append(value)
        return known[id(value)]

    stack = list(roots)
    while stack:
        owner = stack.pop()
        if id(owner) in seen or isinstance(owner, CLOSED) or owner is None:
            continue
        seen.add(id(owner))
        items: Mapping[Any, Any] | None = None
        if isinstance(owner, dict):
            items = dict(owner)
        elif isinstance(owner, (list, deque)):
            items = dict(enumerate(owner))
        elif hasattr(owner, "__dict__") and not isinstance(owner, tuple):
            items = dict(vars(owner))
        for key, value in (items or {}).items():
            fresh = new(value)
            if fresh is not value:
                put(owner, key, fresh)
                old.append((owner, key, value))
        stack += [item for _, item in insides(owner)]
    return old


def put(owner: Any, key: Any, value: Any) -> None:
    """Put a value into a container or an object."""
    if isinstance(owner, (dict, list, deque)):
        owner[key] = value
    else:
        setattr(owner, key, value)
