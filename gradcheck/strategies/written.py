"""Values as Python source: names, calls, arrays and whole objects, so that an example can be pasted into a test."""

from __future__ import annotations

import ast
import functools
import linecache
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

import numpy as np

Made = TypeVar("Made")

#: Kinds of dtypes whose numbers can be written down: booleans, integers, floats, complex numbers, text.
WRITTEN_DTYPES = "biufcU"


class NotWritable(ValueError):
    """A value that has no source: an open file, a generator, an object that contains itself."""


def layer_from(kind: type[Made], attributes: Mapping[str, Any]) -> Made:
    """Make an object of a class with given attributes; its constructor is not called.

    A drawn example prints layers in this way that were passed, or drawn, as objects.

    Parameters
    ----------
    kind : type
    attributes : mapping of str to object

    Examples
    --------
    >>> import numpy as np
    >>> class Scale:
    ...     def forward(self, x):
    ...         return x * self.s
    >>> layer_from(Scale, {"s": np.array([2.0, 3.0])}).forward(np.ones(2))
    array([2., 3.])
    """
    made = kind.__new__(kind)
    made.__dict__.update(attributes)
    return made


def name_of(thing: Any) -> str:
    """The name of a class or function, as it is used where it is defined, also inside a function.

    What a function has made is called by the name that its module has for it, if there is one.

    Raises
    ------
    NotWritable
        If it has none.
    """
    called = str(getattr(thing, "__qualname__", ""))
    name = called.rpartition("<locals>.")[2]
    module = sys.modules.get(str(getattr(thing, "__module__", None)))
    if name != called and getattr(module, name, None) is not thing:
        name = next((key for key, value in list(vars(module).items()) if value is thing), name) if module else name
    if not name or not all(part.isidentifier() for part in name.split(".")):
        raise NotWritable(f"{thing!r} has no name")
    return name


def written(value: Any) -> str:
    """Format a value as Python source.

    An object of a class of the user is a call of `layer_from`. An array that stands in several places is named where it
    stands first.

    Raises
    ------
    NotWritable
        If it has no source.
    """
    shared = _shared(value)
    return _Writer({key: f"a{number}" for number, key in enumerate(shared)}).write(value)


class _Writer:
    """Writes one value; knows the names of the arrays and objects that stand in several places."""

    def __init__(self, names: Mapping[int, str]) -> None:
        self._names = names
        self._done: set[int] = set()
        self._open: set[int] = set()

    def write(self, value: Any) -> str:
        """The source of a value."""
        name = self._names.get(id(value))
        if name is not None and id(value) in self._done:
            return name
        if id(value) in self._open:
            raise NotWritable(f"{type(value).__qualname__} contains itself")
        self._open.add(id(value))
        text = self._of(value)
        self._open.discard(id(value))
        self._done.add(id(value))
        return text if name is None else f"({name} := {text})"

    def _of(self, value: Any) -> str:
        if value is None or isinstance(value, (bool, int, str, bytes)):
            return repr(value)
        if isinstance(value, np.generic):
            return f"np.{type(value).__name__}({self.write(value.item())})"
        if isinstance(value, (float, complex)):
            return repr(value) if np.isfinite(value) else f"{type(value).__name__}('{value}')"
        if isinstance(value, np.ndarray):
            return _array(value)
        if isinstance(value, np.ufunc):
            return f"np.{value.__name__}"
        if isinstance(value, (list, tuple, set, dict)) and type(value) in (list, tuple, set, dict):
            return self._collection(value)
        if isinstance(value, partial):
            return self._call("partial", [value.func, *value.args], value.keywords)
        if isinstance(value, types.FunctionType) and value.__name__ == "<lambda>":
            return lambda_source(value)
        if isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType)):
            return name_of(value)
        return self._object(value)

    def _collection(self, value: Any) -> str:
        if isinstance(value, dict):
            return "{" + ", ".join(f"{self.write(key)}: {self.write(item)}" for key, item in value.items()) + "}"
        inner = [self.write(item) for item in value]
        if isinstance(value, set):
            return f"{{{', '.join(sorted(inner))}}}" if inner else "set()"
        if isinstance(value, tuple):
            return f"({', '.join(inner)}{',' if len(inner) == 1 else ''})"
        return f"[{', '.join(inner)}]"

    def _call(self, name: str, arguments: list[Any], keywords: Mapping[str, Any]) -> str:
        parts = [self.write(each) for each in arguments] + [f"{key}={self.write(v)}" for key, v in keywords.items()]
        return f"{name}({', '.join(parts)})"

    def _object(self, value: Any) -> str:
        kind, attributes = type(value), getattr(value, "__dict__", None)
        slots = any(vars(base).get("__slots__") for base in kind.__mro__)
        if attributes is None or slots or kind.__module__ == "builtins":
            raise NotWritable(f"{kind.__qualname__} cannot be written down")
        return f"layer_from({name_of(kind)}, {self.write(dict(attributes))})"


def _array(value: np.ndarray[Any, Any]) -> str:
    if type(value) is not np.ndarray or value.dtype.kind not in WRITTEN_DTYPES:
        raise NotWritable(f"an array of {value.dtype} cannot be written down")
    if value.dtype.kind in "fc" and not np.isfinite(value).all():
        raise NotWritable("an array with infinite entries, or without numbers, cannot be written down")
    usual = value.size and value.dtype in (np.float64, np.int64, np.bool_)
    text = f"np.array({value.tolist()!r}{'' if usual else f', {value.dtype.name!r}'})"
    return text if value.size else f"{text}.reshape({value.shape!r})"


def _inside(value: Any, seen: set[int]) -> Iterator[Any]:
    """Arrays, collections and objects inside a value, each as often as it stands there."""
    if isinstance(value, (list, tuple, set)):
        inner = list(value)
    elif isinstance(value, dict):
        inner = list(value.values())
    elif isinstance(value, partial):
        inner = [*value.args, *value.keywords.values()]
    elif isinstance(value, (np.ndarray, np.generic, type, types.FunctionType, types.ModuleType)):
        inner = []
    else:
        inner = list(getattr(value, "__dict__", {}).values())
    for each in inner:
        if isinstance(each, (np.ndarray, list, dict, set)) or hasattr(each, "__dict__"):
            yield each
            if id(each) not in seen:
                seen.add(id(each))
                yield from _inside(each, seen)


def _shared(value: Any) -> list[int]:
    """Identities of what stands in several places.

    Raises
    ------
    NotWritable
        If arrays share memory without being the same.
    """
    found = [each for each in _inside(value, set()) if not isinstance(each, (type, types.FunctionType))]
    counts: dict[int, int] = {}
    for each in found:
        counts[id(each)] = counts.get(id(each), 0) + 1
    arrays = list({id(each): each for each in found if isinstance(each, np.ndarray)}.values())
    if any(np.may_share_memory(a, b) for k, a in enumerate(arrays) for b in arrays[:k]):
        raise NotWritable("arrays that are views of each other cannot be written down")
    return [key for key, count in counts.items() if count > 1]


def lambda_source(function: Callable[..., Any]) -> str:
    """The source of a lambda, read from its file.

    Raises
    ------
    NotWritable
        If it is not found there.
    """
    found = _lambda_in(getattr(function, "__code__", None))
    if found is None:
        raise NotWritable(f"the source of {function!r} is not found")
    return found


@functools.lru_cache(maxsize=256)
def _lambda_in(code: types.CodeType | None) -> str | None:
    if code is None:
        return None
    try:
        tree = ast.parse("".join(linecache.getlines(code.co_filename)))
    except (SyntaxError, ValueError):
        return None
    places = [(line, column) for line, _, column, _ in code.co_positions() if line is not None and column is not None]
    for node in ast.walk(tree):
        if isinstance(node, ast.Lambda) and node.lineno == code.co_firstlineno:
            body = node.body
            low, high = (body.lineno, body.col_offset), (body.end_lineno or 0, body.end_col_offset or 0)
            inside = [place for place in places if place > (code.co_firstlineno, 0)]
            if inside and all(low <= place <= high for place in inside):
                return ast.unparse(node)
    return None
