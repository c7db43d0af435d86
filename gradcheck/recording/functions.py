"""All functions that there are, by the file of their code."""

from __future__ import annotations

import gc
import types
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_Functions = dict[str, list[types.FunctionType]]


@dataclass
class _Aside:
    """What was there before.

    Attributes
    ----------
    active : bool
        Whether the heap is put aside.
    functions : dict or None
        The functions in it; None until they are asked for.
    """

    active: bool = False
    functions: _Functions | None = None


_ASIDE = _Aside()


@contextmanager
def heap_aside() -> Iterator[None]:
    """While it lasts, what exists now is not looked through again, by this module and by the garbage collector.

    Looking through all objects takes time in proportion to everything that the process has ever imported. Nothing
    happens if the program has put its heap aside by `gc.freeze` itself.
    """
    if _ASIDE.active or gc.get_freeze_count():
        yield
        return
    _ASIDE.active = True
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        _ASIDE.active, _ASIDE.functions = False, None


def _put_aside() -> _Functions:
    """The functions that were put aside, which are looked for once."""
    if not _ASIDE.active:
        return {}
    if _ASIDE.functions is None:
        gc.unfreeze()
        _ASIDE.functions = _by_file(gc.get_objects())
        gc.freeze()
    return _ASIDE.functions


def _by_file(objects: Iterable[object]) -> _Functions:
    found: _Functions = defaultdict(list)
    for each in [each for each in objects if type(each) is types.FunctionType]:
        found[each.__code__.co_filename].append(each)
    return dict(found)


class FunctionTable:
    """The functions of files; those that there are now are looked up once.

    A function that is made later, by rewritten code, runs rewritten code by itself.
    """

    def __init__(self) -> None:
        self._found: _Functions | None = None

    def of(self, file: str, *, recent: bool = False) -> list[types.FunctionType]:
        """The functions of a file.

        Parameters
        ----------
        file : str
        recent : bool
            Whether its code was first run after the heap was put aside, so that none of them is in there.
        """
        if self._found is None:
            self._found = _by_file(gc.get_objects())
        found = self._found.get(file, [])
        if recent and _ASIDE.functions is None:
            return list(found)
        known = set(map(id, found))
        return [*found, *(each for each in _put_aside().get(file, []) if id(each) not in known)]

    def running(self, code: types.CodeType) -> list[types.FunctionType]:
        """The functions that run some code, which was compiled after the heap was put aside."""
        return [each for each in self.of(code.co_filename, recent=True) if each.__code__ is code]
