"""What the functions of libraries were called with in a recording, and whether another call is like one of these.

Compiled code need not look at what it is given: an array of another shape, or an index of another size, can make it
read or write outside of its memory, which ends the process or spoils it unseen. A changed line may therefore hand such
a function only what it was handed before, but for the numbers in arrays of floats.
"""

from __future__ import annotations

import functools
import importlib.machinery
import sys
import types
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.recording.program import is_followed

#: What looks at its arguments: Python's own library, but for calls through a foreign function interface, and these.
_CAREFUL = (sys.stdlib_module_names | {"numpy", "scipy"}) - {"ctypes", "_ctypes"}

#: Modules whose functions take as long for large numbers as for small ones.
EVEN = ("numpy", "builtins", "math", "operator", "_operator")

#: What is inside of arguments is compared if it has at most so many parts; else they have to be the same objects.
_PARTS = 300

#: What most arguments are: none of these is called.
_NOT_CALLED = frozenset({np.ndarray, np.float64, float, int, bool, str, tuple, list, dict, slice, type(None)})

#: Values that are told apart by what they are.
_PLAIN = (int, str, bytes, type(None), slice, range, type(Ellipsis), np.integer, np.bool_, np.dtype, type)


class Calls:
    """What functions were called with."""

    def __init__(self) -> None:
        self._largest: dict[Any, float] = {}
        self._kinds: defaultdict[Any, set[Any]] = defaultdict(set)

    def note(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Remember a call."""
        key = key_of(function)
        self._largest[key] = max(self._largest.get(key, 0.0), largest_of((*args, *kwargs.values())))
        if not is_careful(function, args, kwargs):
            self._kinds[key].add(_Kinds.of(function, args, kwargs))

    def update(self, other: Calls) -> None:
        """Remember the calls of another recording as well."""
        for key, number in other._largest.items():
            self._largest[key] = max(self._largest.get(key, 0.0), number)
        for key, kinds in other._kinds.items():
            self._kinds[key] |= kinds

    @property
    def are_careful(self) -> bool:
        """Whether all arrays went to functions that look at them."""
        return not any(kinds.has_arrays for each in self._kinds.values() for kinds in each)

    def largest(self, function: Any) -> float:
        """The largest number that a function was called with; 0 if it was not called."""
        return self._largest.get(key_of(function), 0.0)

    def allow(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether a function looks at its arguments, or was called with such ones before."""
        return is_careful(function, args, kwargs) or _Kinds.of(function, args, kwargs) in self._kinds[key_of(function)]


def key_of(function: Any) -> Any:
    """What stays the same where a function is defined again at each call; None if it cannot be told apart."""
    code = getattr(function, "__code__", function)
    try:
        hash(code)
    except TypeError:
        return None
    return code


def largest_of(arguments: tuple[Any, ...]) -> float:
    """The largest size of a number among some arguments; 0 without numbers."""
    sizes = [
        float(np.max(np.abs(each)))
        for each in arguments
        if isinstance(each, (np.ndarray, float, int)) and np.size(each) and np.asarray(each).dtype.kind in "fiu"
    ]
    return max(sizes, default=0.0)


def is_careful(function: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> bool:
    """Whether a function looks at its arguments, and all functions among them do; one of the user's own, too.

    What the user's own functions call is looked at where they call it.
    """
    if not _looks(function):
        return False
    handed = (*args, *kwargs.values()) if kwargs else args
    return all(type(each) in _NOT_CALLED or not callable(each) or _looks(each) for each in handed)


def _looks(function: Any) -> bool:
    if type(function) is types.FunctionType:
        return is_followed(function.__code__.co_filename) or _is_of_careful(function.__module__)
    if isinstance(function, types.MethodType):
        return _looks(function.__func__)
    if isinstance(function, functools.partial):
        return is_careful(function.func, function.args, function.keywords)
    if isinstance(function, functools._lru_cache_wrapper):
        return _looks(function.__wrapped__)
    if isinstance(function, type):
        return all(map(_makes_carefully, function.__mro__))
    kind: type = type(function)
    method = _method_called(kind)
    if method is not None:
        return _looks(method)
    owner = getattr(function, "__self__", None)
    maker = type(function if owner is None else owner)
    module = getattr(function, "__module__", None) or getattr(maker, "__module__", None)
    return _is_of_careful(module)


@functools.lru_cache(maxsize=1000)
def _method_called(kind: type) -> types.FunctionType | None:
    """What calling an object of some class runs; None if that is compiled."""
    method = next((vars(base)["__call__"] for base in kind.__mro__ if "__call__" in vars(base)), None)
    return method if isinstance(method, types.FunctionType) else None


@functools.lru_cache(maxsize=1000)
def _makes_carefully(kind: type) -> bool:
    makers = [vars(kind).get(name) for name in ("__new__", "__init__")]
    written = [each.__func__ if isinstance(each, staticmethod) else each for each in makers if each is not None]
    if any(isinstance(each, types.FunctionType) for each in written):
        return all(_looks(each) for each in written)
    return _is_of_careful(kind.__module__) or _is_own(kind.__module__)


def _is_of_careful(module: Any) -> bool:
    return isinstance(module, str) and _is_careful_name(module)


@functools.lru_cache(maxsize=1000)
def _is_careful_name(module: str) -> bool:
    return module.partition(".")[0] in _CAREFUL


def _is_own(name: str) -> bool:
    """Whether a module is the user's own, and not compiled."""
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None) or "<there is none>"
    return not file.endswith(tuple(importlib.machinery.EXTENSION_SUFFIXES)) and is_followed(file)


class _Same:
    """Equal to what refers to the same object, which it keeps."""

    def __init__(self, thing: Any) -> None:
        self._thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self._thing is other._thing

    def __hash__(self) -> int:
        return id(self._thing)


@dataclass(frozen=True)
class _Kinds:
    """What has to be the same in two calls for the one to be as safe as the other.

    Attributes
    ----------
    kinds : tuple
        All that is inside of the arguments, but for the numbers in arrays of floats.
    has_arrays : bool
    """

    kinds: tuple[Any, ...]
    has_arrays: bool

    @classmethod
    def of(cls, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Kinds:
        """The kinds of the arguments of a call, and of the object that a method belongs to."""
        walk = _Walk()
        named = ((name, walk.of(kwargs[name])) for name in sorted(kwargs))
        return cls((walk.of(getattr(function, "__self__", None)), *map(walk.of, args), *named), walk.arrays > 0)


class _Walk:
    """Goes through all that is inside of some things.

    Attributes
    ----------
    arrays : int
        How many were there.
    """

    def __init__(self) -> None:
        self._left, self.arrays = _PARTS, 0

    def of(self, thing: Any) -> Any:
        """The kind of a thing, which can be hashed; the thing itself where too much is inside."""
        self._left -= 1
        if isinstance(thing, np.ndarray) and thing.dtype.kind in "fciub":
            self.arrays += 1
            layout = type(thing), thing.dtype.str, thing.shape, thing.flags.c_contiguous, thing.flags.f_contiguous
            return layout if thing.dtype.kind in "fc" else (*layout, hash(thing.tobytes()))
        if isinstance(thing, (float, complex, np.inexact)):
            return type(thing)
        if isinstance(thing, _PLAIN):
            return type(thing), repr(thing) if isinstance(thing, slice) else thing
        if isinstance(thing, types.FunctionType):
            return thing.__code__
        inside: Any = thing if type(thing) in (list, tuple, dict) else getattr(thing, "__dict__", None)
        if type(inside) not in (list, tuple, dict) or len(inside) > self._left:
            return _Same(thing)
        parts = inside.items() if isinstance(inside, dict) else inside
        return type(thing), tuple(map(self.of, parts))
