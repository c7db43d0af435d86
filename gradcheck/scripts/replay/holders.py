"""Where values are held: in containers, attributes, slots, closures, default arguments, partial functions, modules."""

from __future__ import annotations

import functools
import types
from collections import deque
from collections.abc import Iterator
from enum import Enum
from typing import Any

import numpy as np

from gradcheck.scripts.instrument.tracer import TRACER, Tracer
from gradcheck.scripts.replay.iterators import ReplayedIterator
from gradcheck.scripts.text.syntax import private_name

#: Types whose objects are not searched.
OPAQUE = (Tracer, ReplayedIterator, types.BuiltinFunctionType, str, bytes, int, float, complex)

#: Longer sequences are data and are not searched for parameters; of a table of numbers all entries count.
LONG_SEQUENCE = 5_000

#: Attributes of classes that hold no state of the program.
_DESCRIPTORS = (types.GetSetDescriptorType, types.MemberDescriptorType, property, classmethod, staticmethod)

#: Variables of a module that belong to Python's import system, and lead to the code of all modules.
_OF_IMPORTS = frozenset({"__loader__", "__spec__"})

#: The flag of types that Python code makes, or that can have functions of a program at all.
_HEAP_TYPE = 1 << 9

#: Modules of programs, by name: their classes belong to a program.
_MODULES = {"__main__"}


def add_modules(names: Iterator[str] | set[str]) -> None:
    """Let the classes of these modules be searched."""
    _MODULES.update(names)


def is_own_function(value: Any) -> bool:
    """Whether a value is a function of an instrumented program."""
    return isinstance(value, types.FunctionType) and TRACER in value.__globals__


def is_own_class(value: Any) -> bool:
    """Whether a value is a class of an instrumented program."""
    if not isinstance(value, type) or not value.__flags__ & _HEAP_TYPE:
        return False
    return value.__module__ in _MODULES or any(is_own_function(each) for each in vars(value).values())


def is_own_module(value: Any) -> bool:
    """Whether a value is a module of an instrumented program."""
    return isinstance(value, types.ModuleType) and TRACER in vars(value)


def attributes_of(value: Any) -> dict[str, Any] | None:
    """The dictionary of a user's object; None if it has none, or if its attributes are not searched."""
    if isinstance(value, (*OPAQUE, types.MethodType)):
        return None
    if isinstance(value, types.FunctionType):
        return vars(value) if is_own_function(value) else None
    if isinstance(value, type):
        return None
    if isinstance(value, types.ModuleType):
        return vars(value) if is_own_module(value) else None
    try:
        found = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None
    return found if isinstance(found, dict) else None


def slots_of(value: Any) -> Iterator[str]:
    """Names of the slots of an object of a program's class."""
    for cls in type(value).__mro__:
        slots = vars(cls).get("__slots__", ())
        if not slots or cls.__module__ not in _MODULES:
            continue
        for name in (slots,) if isinstance(slots, str) else slots:
            if name in ("__dict__", "__weakref__"):
                continue
            yield private_name(name, cls.__name__)


def cells_of(function: types.FunctionType) -> Iterator[tuple[str, types.CellType]]:
    """The variables that a function shares with the functions around it."""
    yield from zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)


def defaults_of(function: types.FunctionType) -> dict[str, Any]:
    """Default arguments by the name of the parameter."""
    code, values = function.__code__, function.__defaults__ or ()
    names = code.co_varnames[code.co_argcount - len(values) : code.co_argcount]
    return {**dict(zip(names, values, strict=True)), **(function.__kwdefaults__ or {})}


def class_attributes(cls: type) -> dict[str, Any]:
    """The attributes of a class that may change: not those of Python's own."""
    return {
        name: value
        for name, value in vars(cls).items()
        if not (name.startswith("__") and name.endswith("__")) and not isinstance(value, _DESCRIPTORS)
    }


def is_plain_array(value: Any) -> bool:
    """Whether a value is an array that holds numbers and nothing else."""
    return type(value) is np.ndarray and value.dtype.kind != "O"


def items_of(value: Any) -> Iterator[tuple[str, Any, Any]]:
    """What a value holds: accessor as a program writes it (``[0]``, ``.w``), key, and item."""
    if is_plain_array(value):
        return
    if isinstance(value, dict):
        yield from ((accessor_of(key), key, item) for key, item in list(value.items()) if key not in _OF_IMPORTS)
    elif isinstance(value, (list, tuple, deque)):
        if _entries(value) <= LONG_SEQUENCE:
            yield from ((f"[{i}]", i, item) for i, item in enumerate(value))
    elif isinstance(value, (set, frozenset)):
        if len(value) <= LONG_SEQUENCE:
            yield from (("[…]", None, item) for item in value if not isinstance(item, OPAQUE))
    elif isinstance(value, np.ndarray) and value.dtype == object and value.size <= LONG_SEQUENCE:
        yield from ((f"[{i}]", i, value[i]) for i in np.ndindex(value.shape))
    yield from _attributes(value)


def accessor_of(key: Any) -> str:
    """A key of a dictionary in brackets; of an object of a program its type, since its `__repr__` would run."""
    return f"[{key!r}]" if _is_written(key) else f"[{type(key).__name__} at {id(key):#x}]"


def _is_written(key: Any) -> bool:
    """Whether a key is made of what Python writes by itself."""
    if isinstance(key, (tuple, frozenset)):
        return all(map(_is_written, key))
    return key is None or isinstance(key, (str, bytes, int, float, complex, np.generic, Enum))


def _entries(value: Any) -> int:
    """The number of items of a sequence, or of numbers in a table of numbers."""
    first = value[0] if value else None
    if isinstance(first, (list, tuple)) and first and isinstance(first[0], (int, float)):
        return len(value) * len(first)
    return len(value)


def _attributes(value: Any) -> Iterator[tuple[str, Any, Any]]:
    found = attributes_of(value)
    if found is not None and not (is_own_module(value) and value.__name__ == "__main__"):
        yield from ((f".{name}", name, item) for name, item in list(found.items()) if _is_name(name))
    if isinstance(value, types.FunctionType):
        if is_own_function(value):
            for name, cell in cells_of(value):
                if not _is_empty(cell):
                    yield f".{name}", name, cell.cell_contents
            changeable = {n: item for n, item in defaults_of(value).items() if not isinstance(item, OPAQUE)}
            yield from ((f".{name}", name, item) for name, item in changeable.items())
            wrapped = getattr(value, "__wrapped__", None)
            if wrapped is not None:
                yield ".__wrapped__", "__wrapped__", wrapped
    elif isinstance(value, type):
        if is_own_class(value):
            yield from ((f".{name}", name, item) for name, item in class_attributes(value).items())
    elif isinstance(value, functools.partial):
        yield from ((f".{name}", name, getattr(value, name)) for name in ("func", "args", "keywords"))
    elif isinstance(value, (types.MethodType, types.BuiltinMethodType)):
        if not isinstance(value.__self__, types.ModuleType):
            yield ".__self__", "__self__", value.__self__
        if isinstance(value, types.MethodType):
            yield ".__func__", "__func__", value.__func__
    elif isinstance(value, functools._lru_cache_wrapper):
        yield ".__wrapped__", "__wrapped__", value.__wrapped__
    else:
        for name in slots_of(value):
            if hasattr(value, name):
                yield f".{name}", name, getattr(value, name)
        if is_own_class(type(value)):
            yield ".__class__", "__class__", type(value)


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and not name.startswith(("_gradcheck", "__"))


def _is_empty(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return True
    return False


def item_at(owner: Any, key: Any) -> Any:
    """The item that is held under a key. Raises LookupError or AttributeError."""
    if isinstance(owner, (dict, list, tuple, deque, np.ndarray)) and not _is_attribute(owner, key):
        return owner[key]
    if isinstance(owner, types.FunctionType):
        cells = dict(cells_of(owner))
        if key in cells:
            return cells[key].cell_contents
        defaults = defaults_of(owner)
        if key in defaults:
            return defaults[key]
    return getattr(owner, key)


def store(owner: Any, key: Any, value: Any) -> None:
    """Put a value in the place of an item."""
    if isinstance(owner, (dict, list, deque, np.ndarray)) and not _is_attribute(owner, key):
        owner[key] = value
    elif isinstance(owner, types.FunctionType):
        _store_in_function(owner, key, value)
    elif isinstance(owner, (type, types.ModuleType)):
        setattr(owner, key, value)
    else:
        found = attributes_of(owner)
        if found is not None and key in found:
            found[key] = value
        else:
            object.__setattr__(owner, key, value)


def _is_attribute(owner: Any, key: Any) -> bool:
    """Whether a key of a container with attributes of its own is one of these."""
    if type(owner) in (dict, list, deque, np.ndarray) or not isinstance(key, str):
        return False
    return not (isinstance(owner, dict) and key in owner)


def _store_in_function(function: types.FunctionType, key: str, value: Any) -> None:
    cells = dict(cells_of(function))
    if key in cells:
        cells[key].cell_contents = value
        return
    code, defaults = function.__code__, list(function.__defaults__ or ())
    names = code.co_varnames[code.co_argcount - len(defaults) : code.co_argcount]
    if key in names:
        defaults[names.index(key)] = value
        function.__defaults__ = tuple(defaults)
    elif function.__kwdefaults__ and key in function.__kwdefaults__:
        function.__kwdefaults__[key] = value
    else:
        setattr(function, key, value)
