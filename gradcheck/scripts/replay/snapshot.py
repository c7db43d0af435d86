"""Keeps the contents of all objects that a step can reach, and puts them back."""

from __future__ import annotations

import array
import functools
import io
import random
import sys
import types
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.scripts.replay.guard import GUARD
from gradcheck.scripts.replay.holders import (
    OPAQUE,
    attributes_of,
    cells_of,
    class_attributes,
    is_own_class,
    is_own_function,
    is_plain_array,
    items_of,
    slots_of,
)
from gradcheck.scripts.replay.iterators import ReplayedIterator
from gradcheck.subjects.shapes import set_shape

#: Arrays of more entries are only put back if the recorded step changed them: copying them costs more than a replay.
_LARGE_ARRAY = 100_000

#: Objects of more items, and states of more objects, are only put back if the recorded step changed them.
_MANY_ITEMS, _MOST_COMPARED = 500, 3_000

#: What an empty cell or slot holds.
_EMPTY = object()


def generator_states() -> tuple[Any, Any]:
    """The states of the global generators of NumPy and of Python."""
    return np.random.get_state(), random.getstate()


def set_generator_states(states: tuple[Any, Any]) -> None:
    """Set the states of the global generators."""
    np.random.set_state(states[0])
    random.setstate(states[1])


@dataclass(frozen=True)
class Kind:
    """How the content of a kind of object is kept and put back.

    Attributes
    ----------
    has : callable
        Whether an object is of this kind.
    read : callable
        Its content.
    same : callable or None
        Whether an object still has a content; None if it is put back always.
    write : callable
        Puts a content back.
    gives_data : bool
        Whether the content decides which data a run reads, and nothing else.
    """

    has: Callable[[Any], bool]
    read: Callable[[Any], Any]
    same: Callable[[Any, Any], bool] | None
    write: Callable[[Any, Any], None]
    gives_data: bool = False


class Snapshot:
    """The contents of all objects that can be reached from some roots.

    Parameters
    ----------
    roots : sequence of objects
    """

    def __init__(self, roots: Sequence[Any]) -> None:
        self._held: dict[int, tuple[Any, list[tuple[Kind, Any]]]] = {}
        stack = list(roots)
        while stack:
            value = stack.pop()
            if id(value) in self._held or value is None or _is_plain(value):
                continue
            kinds = KINDS[:1] if is_plain_array(value) else KINDS
            contents = [(kind, kind.read(value)) for kind in kinds if kind.has(value)]
            items = [item for _, _, item in items_of(value)]
            if contents or items:
                self._held[id(value)] = (value, contents)
                stack += items
        self._restored = list(self._everything())

    def restrict_to_changed(self) -> None:
        """From now on put back what has changed by now, and whatever is compared quickly."""
        quick = len(self._restored) <= _MOST_COMPARED
        self._restored = [
            (value, kind, content)
            for value, kind, content in self._restored
            if (quick and _is_small(value)) or kind.same is None or not kind.same(value, content)
        ]

    def include(self, values: Sequence[Any]) -> None:
        """Put these back as well, except for large arrays."""
        known = {id(value) for value, _, _ in self._restored}
        for value in (v for v in values if np.size(v) <= _LARGE_ARRAY):
            if id(value) in self._held and id(value) not in known:
                self._restored += [(value, kind, content) for kind, content in self._held[id(value)][1]]

    def restore(self, *, everything: bool = False) -> None:
        """Put the contents back, in place; `everything` after a run that may have changed more than the first one."""
        restored = self._restored if not everything else self._everything()
        for value, kind, content in restored:
            if kind.same is None or not kind.same(value, content):
                kind.write(value, content)

    def rewind(self) -> None:
        """Put back only what gives the data of a run: random generators, iterators and positions in files."""
        for value, kind, content in self._everything():
            if kind.gives_data:
                kind.write(value, content)

    def _everything(self) -> Iterator[tuple[Any, Kind, Any]]:
        for value, contents in self._held.values():
            yield from ((value, kind, content) for kind, content in contents)


def keep(value: Any) -> Callable[[], None]:
    """A function that puts the present content of a value back."""
    return Snapshot([value]).restore


def _is_small(value: Any) -> bool:
    """Whether it takes no time to see if an object has changed."""
    if isinstance(value, np.ndarray):
        return False
    if isinstance(value, type) or isinstance(getattr(type(value), "__len__", None), types.FunctionType):
        return True  # what a program computes as a length says nothing, and may have effects
    return not hasattr(value, "__len__") or len(value) <= _MANY_ITEMS


def _is_plain(value: Any) -> bool:
    """Whether an object holds nothing that could change."""
    if isinstance(value, types.BuiltinFunctionType):  # a method of an object in C has that object
        return isinstance(value.__self__, (types.ModuleType, type(None)))
    return isinstance(value, OPAQUE) and not isinstance(value, ReplayedIterator)


# -- kinds -------------------------------------------------------------------------------------------------------------


def _same_array(value: Any, content: Any) -> bool:
    if value.shape != content.shape:
        return False
    if value.dtype == object:
        return all(a is b for a, b in zip(value.ravel(), content.ravel(), strict=True))
    return bool(value.tobytes() == content.tobytes())  # far faster than a comparison that minds NaN


def _write_array(value: Any, content: Any) -> None:
    if value.shape != content.shape:
        set_shape(value, content.shape)
    value[...] = content


def _same_sequence(value: Any, content: Any) -> bool:
    return len(value) == len(content) and all(a is b for a, b in zip(value, content, strict=True))


def _write_sequence(value: Any, content: Any) -> None:
    value.clear()
    value.extend(content)


def _same_dict(value: Any, content: Any) -> bool:
    return len(value) == len(content) and all(
        a is c and b is d for (a, b), (c, d) in zip(value.items(), content.items(), strict=True)
    )


def _write_dict(value: Any, content: Any) -> None:
    base: Any = OrderedDict if isinstance(value, OrderedDict) else dict
    base.clear(value)
    for key, item in content.items():
        base.__setitem__(value, key, item)


def _write_set(value: Any, content: Any) -> None:
    value.clear()
    value.update(content)


def _same_attributes(value: Any, content: Any) -> bool:
    return _same_dict(attributes_of(value), content)


def _write_attributes(value: Any, content: Any) -> None:
    _write_dict(attributes_of(value), content)


def _slots(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name, _EMPTY) for name in slots_of(value)}


def _write_slots(value: Any, content: Any) -> None:
    for name, item in content.items():
        if item is not _EMPTY:
            object.__setattr__(value, name, item)
        elif hasattr(value, name):
            object.__delattr__(value, name)


def _write_class(value: Any, content: Any) -> None:
    for name in class_attributes(value).keys() - content.keys():
        delattr(value, name)
    for name, item in content.items():
        if vars(value).get(name, _EMPTY) is not item:
            setattr(value, name, item)


def _function(value: Any) -> list[Any]:
    cells = [_contents(cell) for _, cell in cells_of(value)]
    return [*cells, value.__defaults__, *(value.__kwdefaults__ or {}).values()]


def _contents(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return _EMPTY


def _write_function(value: Any, content: Any) -> None:
    cells = list(cells_of(value))
    for (_, cell), item in zip(cells, content, strict=False):
        if item is not _EMPTY:
            cell.cell_contents = item
    value.__defaults__ = content[len(cells)]
    for name, item in zip(value.__kwdefaults__ or {}, content[len(cells) + 1 :], strict=True):
        value.__kwdefaults__[name] = item


def _is_readable(value: Any) -> bool:
    """Whether a value is an open file that is read from, and whose position can be set."""
    if not issubclass(type(value), io.IOBase) or isinstance(value, (io.StringIO, io.BytesIO)):
        return False
    try:
        return not value.closed and value.seekable() and value.readable() and value.tell() >= 0
    except (OSError, ValueError):
        return False


def _write_memory(value: Any, content: Any) -> None:
    if not value.closed:
        value.seek(0)
        value.truncate()
        value.write(content[0])
        value.seek(content[1])


def _is_database(value: Any) -> bool:
    sqlite3: Any = sys.modules.get("sqlite3")
    return sqlite3 is not None and isinstance(value, sqlite3.Connection)


def _database(value: Any) -> list[Any]:
    """The number of changes, and a copy in memory."""
    with GUARD.trusting():
        copy = type(value)(":memory:", check_same_thread=False)
    value.backup(copy)
    return [value.total_changes, copy]


def _write_database(value: Any, content: list[Any]) -> None:
    value.rollback()
    content[1].backup(value)
    content[0] = value.total_changes


KINDS = (
    Kind(
        lambda v: isinstance(v, np.ndarray) and v.flags.writeable,
        lambda v: np.array(v, copy=True, subok=False),
        _same_array,
        _write_array,
    ),
    Kind(lambda v: isinstance(v, dict), dict, _same_dict, _write_dict),
    Kind(lambda v: isinstance(v, (list, deque)), list, _same_sequence, _write_sequence),
    Kind(lambda v: isinstance(v, set), set, lambda v, c: v == c, _write_set),
    Kind(
        lambda v: isinstance(v, (bytearray, array.array)),
        lambda v: v[:],
        lambda v, c: v == c,
        lambda v, c: v.__setitem__(slice(None), c),
    ),
    Kind(
        lambda v: isinstance(v, np.random.Generator),
        lambda v: v.bit_generator.state,
        None,
        lambda v, c: setattr(v.bit_generator, "state", c),
        gives_data=True,
    ),
    Kind(
        lambda v: isinstance(v, np.random.BitGenerator),
        lambda v: v.state,
        None,
        lambda v, c: setattr(v, "state", c),
        gives_data=True,
    ),
    Kind(
        lambda v: isinstance(v, np.random.RandomState),
        lambda v: v.get_state(),
        None,
        lambda v, c: v.set_state(c),
        gives_data=True,
    ),
    Kind(
        lambda v: isinstance(v, random.Random) and not isinstance(v, random.SystemRandom),
        lambda v: v.getstate(),
        None,
        lambda v, c: v.setstate(c),
        gives_data=True,
    ),
    Kind(
        lambda v: isinstance(v, ReplayedIterator),
        lambda v: v.position,
        lambda v, c: v.position == c,
        lambda v, c: v.rewind(c),
        gives_data=True,
    ),
    Kind(
        lambda v: isinstance(v, (io.StringIO, io.BytesIO)) and not v.closed,
        lambda v: (v.getvalue(), v.tell()),
        None,
        _write_memory,
    ),
    Kind(_is_readable, lambda v: v.tell(), None, lambda v, c: None if v.closed else v.seek(c), gives_data=True),
    Kind(_is_database, _database, lambda v, c: v.total_changes == c[0], _write_database),
    Kind(
        lambda v: isinstance(v, functools._lru_cache_wrapper) and is_own_function(v.__wrapped__),
        lambda v: None,
        None,
        lambda v, _: v.cache_clear(),
    ),
    Kind(
        is_own_function,
        _function,
        lambda v, c: _same_sequence(_function(v), c),
        _write_function,
    ),
    Kind(is_own_class, class_attributes, lambda v, c: _same_dict(class_attributes(v), c), _write_class),
    Kind(
        lambda v: attributes_of(v) is not None,
        lambda v: dict(attributes_of(v) or {}),
        _same_attributes,
        _write_attributes,
    ),
    Kind(lambda v: any(True for _ in slots_of(v)), _slots, lambda v, c: _same_dict(_slots(v), c), _write_slots),
)
