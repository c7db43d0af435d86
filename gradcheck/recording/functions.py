"""All functions that there are, by the file of their code."""

from __future__ import annotations

import gc
import types
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

#: The functions that were there when the heap was put aside.
_ASIDE: dict[str, list[types.FunctionType]] = {}


@contextmanager
def heap_aside() -> Iterator[None]:
    """While it lasts, what exists now is not looked through again, by this module and by the garbage collector.

    Looking through all objects takes time in proportion to everything that the process has ever imported. Nothing
    happens if the program has put its heap aside by `gc.freeze` itself.
    """
    if _ASIDE or gc.get_freeze_count():
        yield
        return
    _ASIDE.update(_by_file(gc.get_objects()))
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        _ASIDE.clear()


def _by_file(objects: Iterable[object]) -> dict[str, list[types.FunctionType]]:
    found: dict[str, list[types.FunctionType]] = defaultdict(list)
    for each in [each for each in objects if type(each) is types.FunctionType]:
        found[each.__code__.co_filename].append(each)
    return found


class FunctionTable:
    """All functions that there are, by the file of their code; they are looked up once.

    A function that is made later, by rewritten code, runs rewritten code by itself.
    """

    def __init__(self) -> None:
        self._found: dict[str, list[types.FunctionType]] = {}

    def by_file(self) -> dict[str, list[types.FunctionType]]:
        """The functions of each file."""
        if not self._found:
            self._found = {file: list(functions) for file, functions in _ASIDE.items()}
            for file, functions in _by_file(gc.get_objects()).items():
                self._found.setdefault(file, []).extend(functions)
        return dict(self._found)

    def running(self, code: types.CodeType) -> list[types.FunctionType]:
        """The functions that run some code."""
        return [each for each in self.by_file().get(code.co_filename, ()) if each.__code__ is code]
