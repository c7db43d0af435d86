"""Replaces values in the program's state before a step: narrow floats by float64, files by ones in memory."""

from __future__ import annotations

import io
import sys
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.scripts.replay.snapshot import OPAQUE, items_of


@dataclass(frozen=True)
class Replaced:
    """A place in a container or an object, and what was there before."""

    owner: Any
    key: Any
    old: Any

    def undo(self) -> None:
        """Put the old value back."""
        store(self.owner, self.key, self.old)


def widened(value: Any) -> Any:
    """A narrow float, or array of floats, in float64; anything else itself."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.dtype.itemsize < 8:
        return value.astype(np.float64)
    if isinstance(value, np.floating) and not isinstance(value, np.float64):
        return np.float64(value)
    return value


def harmless(value: Any) -> Any:
    """An empty file in memory for a file that is open for writing; otherwise the value, widened."""
    if isinstance(value, io.IOBase) and not value.closed and value.writable() and value not in (sys.stdout, sys.stderr):
        return io.StringIO() if isinstance(value, io.TextIOBase) else io.BytesIO()
    return widened(value)


def substitute(roots: Iterable[Any], change: Callable[[Any], Any]) -> list[Replaced]:
    """Replace values in all dicts, lists, tuples and objects that can be reached from some roots.

    Returns
    -------
    list of Replaced
        What was changed, in order.
    """
    known: dict[int, Any] = {}  # one array that is held in two places stays one array
    alive: list[Any] = []  # keeps objects alive, so that their ids stay unique
    seen: set[int] = set()
    replaced: list[Replaced] = []

    def new(value: Any) -> Any:
        if isinstance(value, tuple) and type(value) is tuple:
            items = [new(item) for item in value]
            return tuple(items) if any(a is not b for a, b in zip(items, value, strict=True)) else value
        if id(value) not in known:
            known[id(value)] = change(value)
            alive.append(value)
        return known[id(value)]

    stack = list(roots)
    while stack:
        owner = stack.pop()
        if id(owner) in seen or isinstance(owner, OPAQUE) or owner is None:
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
                store(owner, key, fresh)
                replaced.append(Replaced(owner, key, value))
        stack += [item for _, item in items_of(owner)]
    return replaced


def store(owner: Any, key: Any, value: Any) -> None:
    """Put a value into a container or an object."""
    if isinstance(owner, (dict, list, deque)):
        owner[key] = value
    else:
        setattr(owner, key, value)
