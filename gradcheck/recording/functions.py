"""The functions of files: those that a callable can reach, and those that were made since the heap was put aside."""

from __future__ import annotations

import gc
import sys
import types
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

#: Nothing is reached from these: numbers, text, arrays, and what runs at the moment.
_ENDS = (
    *(bool, int, float, complex, str, bytes, bytearray, type(None), np.generic, np.ufunc, range, slice),
    *(types.CodeType, types.FrameType, types.TracebackType, types.BuiltinFunctionType),
)

#: Names of a module that lead out of it.
_OF_IMPORT = frozenset({"__builtins__", "__loader__", "__spec__"})

#: Of a class that is made when a program runs; the others are of the interpreter and of extensions.
_HEAP_TYPE = 1 << 9

#: Objects that are looked at from one callable, the nearest first.
_MOST = 200_000


@contextmanager
def heap_aside() -> Iterator[None]:
    """While it lasts, what exists now is not looked through again, by this module and by the garbage collector.

    Looking through all objects takes time in proportion to everything that the process has ever imported. Nothing
    happens if the heap was put aside before.
    """
    if gc.get_freeze_count():
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


class RecentFunctions:
    """The functions that were made since the heap was put aside, by the file of their code; looked up once.

    A function that is made later, by rewritten code, runs rewritten code by itself.
    """

    def __init__(self) -> None:
        self._found: dict[str, list[types.FunctionType]] | None = None

    def of(self, file: str) -> list[types.FunctionType]:
        """The functions of a file whose code was first run after the heap was put aside."""
        if self._found is None:
            self._found = defaultdict(list)
            for each in gc.get_objects():
                if type(each) is types.FunctionType:
                    self._found[each.__code__.co_filename].append(each)
        return list(self._found.get(file, ()))

    def running(self, code: types.CodeType) -> list[types.FunctionType]:
        """The functions that run some code."""
        return [each for each in self.of(code.co_filename) if each.__code__ is code]


class ReachableFunctions:
    """The functions that callables can reach, by the file of their code.

    Reached are the variables of a function and of its module, attributes, items, what a class defines: as long as they
    lead through the user's own files, or through objects.

    Parameters
    ----------
    is_own : callable
        Whether a file is the user's own, by its name.
    """

    def __init__(self, is_own: Callable[[str], bool]) -> None:
        self._is_own = is_own
        self._found: dict[str, list[types.FunctionType]] = defaultdict(list)
        self._known: set[int] = set()

    def of(self, file: str) -> list[types.FunctionType]:
        """The functions of a file."""
        return list(self._found.get(file, ()))

    @property
    def files(self) -> list[str]:
        """The files of all of them."""
        return list(self._found)

    def reach(self, functions: Iterable[types.FunctionType], root: Any) -> set[str]:
        """Look for what a callable reaches, unless its functions are known; the files in which more was found."""
        if all(id(each) in self._known for each in functions):
            return set()
        files: set[str] = set()
        seen: set[int] = set()
        ring: list[Any] = [*functions, root]
        while ring and len(seen) < _MOST:
            fresh = [each for each in ring if not issubclass(type(each), _ENDS)]
            fresh = list({id(each): each for each in fresh if id(each) not in seen}.values())
            seen.update(map(id, fresh))
            for each in fresh:
                if type(each) is types.FunctionType and id(each) not in self._known:
                    file = each.__code__.co_filename
                    self._known.add(id(each))
                    self._found[file].append(each)
                    files.add(file)
            ring = [inner for each in fresh for inner in self._from(each)]
        return files

    def _from(self, thing: Any) -> Iterable[Any]:
        """What a thing leads to."""
        kind = type(thing)
        if kind is types.FunctionType:
            own = self._is_own(thing.__code__.co_filename)
            around = (thing.__closure__, thing.__defaults__, thing.__kwdefaults__, vars(thing))
            return (*around, *(_variables(thing.__globals__) if own else ()))
        if issubclass(kind, types.ModuleType):
            return _variables(vars(thing)) if self._owns(thing) else ()
        if issubclass(kind, type):
            module = sys.modules.get(thing.__module__)
            own = bool(thing.__flags__ & _HEAP_TYPE) and (module is None or self._owns(module))
            return (*vars(thing).values(), *thing.__bases__) if own else ()
        if issubclass(kind, np.ndarray):
            return thing.ravel().tolist() if thing.dtype == object else ()
        return gc.get_referents(thing) if gc.is_tracked(thing) else ()

    def _owns(self, module: types.ModuleType) -> bool:
        file = vars(module).get("__file__")
        if isinstance(file, str):
            return self._is_own(file)
        return vars(module).get("__name__") not in sys.stdlib_module_names


def _variables(namespace: dict[str, Any]) -> list[Any]:
    return [value for name, value in list(namespace.items()) if name not in _OF_IMPORT]
