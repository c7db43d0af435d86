"""Replaces values in the program's state before a step: narrow floats by float64, files by ones in memory."""

from __future__ import annotations

import functools
import io
import mmap
import sys
import types
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.scripts.replay.guard import GUARD
from gradcheck.scripts.replay.holders import OPAQUE, items_of, store

#: What holds items that cannot be replaced.
_FIXED = (
    types.MethodType,
    types.BuiltinMethodType,
    functools.partial,
    functools._lru_cache_wrapper,
    tuple,
    set,
    frozenset,
)

#: Modes in which an array on disk is not changed.
_PRIVATE = ("r", "c")


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
    """In place of a file, a database or an array on disk that is written to, one in memory; else the value, widened."""
    if isinstance(value, np.memmap) and value.mode not in _PRIVATE:
        return _array(value)
    if issubclass(type(value), io.IOBase):  # an object may refuse to tell its class
        return _stream(value)
    if isinstance(value, mmap.mmap):
        return _map(value)
    sqlite3: Any = sys.modules.get("sqlite3")
    if sqlite3 is not None and isinstance(value, sqlite3.Connection):
        return _database(value)
    return widened(value)


def _stream(value: Any) -> Any:
    if value is sys.stdin or isinstance(value, (io.StringIO, io.BytesIO)):
        return value
    text = isinstance(value, io.TextIOBase)
    if value.closed:
        mode = getattr(value, "mode", "")
        writes = isinstance(mode, str) and any(letter in mode for letter in "wax+")
        return value if not writes else io.StringIO() if text else io.BytesIO()
    try:
        if value.writable():
            return io.StringIO() if text else io.BytesIO()
        value.tell()
    except (OSError, ValueError):  # the position of a file that is read line by line is not known
        rest = value.read()
        return io.StringIO(rest) if text else io.BytesIO(rest)
    return value


def _array(value: np.memmap[Any, Any]) -> Any:
    """A copy of an array on disk that has the same methods, with memory of its own."""
    buffer = mmap.mmap(-1, max(value.nbytes, 1))
    copy: Any = np.ndarray.__new__(np.memmap, value.shape, value.dtype, buffer)
    copy[...] = value
    return widened(copy)


def _map(value: mmap.mmap) -> mmap.mmap:
    """A copy of mapped memory."""
    copy = mmap.mmap(-1, len(value))
    copy[:] = value[:]
    copy.seek(value.tell())
    return copy


def _database(value: Any) -> Any:
    """A copy of a database in memory."""
    with GUARD.trusting():
        copy = type(value)(":memory:", check_same_thread=False)
        value.backup(copy)
    copy.row_factory, copy.text_factory, copy.isolation_level = (
        value.row_factory,
        value.text_factory,
        value.isolation_level,
    )
    return copy


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
        if owner is None or id(owner) in seen or _is_opaque(owner):
            continue
        seen.add(id(owner))
        items = inner = list(items_of(owner))
        before = len(replaced)
        if not items and isinstance(owner, (list, deque)):  # a long one
            items = [("", i, item) for i, item in enumerate(owner)]
        for _, key, value in items if not isinstance(owner, _FIXED) else ():
            fresh = new(value)
            if fresh is not value:
                store(owner, key, fresh)
                replaced.append(Replaced(owner, key, value))
        stack += [item for _, _, item in (inner if len(replaced) == before else items_of(owner))]
    return replaced


def _is_opaque(owner: Any) -> bool:
    if isinstance(owner, types.BuiltinFunctionType):
        return isinstance(owner.__self__, (types.ModuleType, type(None)))
    return isinstance(owner, OPAQUE)
