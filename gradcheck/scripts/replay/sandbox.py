"""Replays of a step without output, files, processes, connections or waiting, whatever the program asks for."""

from __future__ import annotations

import atexit
import functools
import io
import logging
import os
import sys
import types
import warnings
import weakref
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from gradcheck.scripts.replay import stand_ins
from gradcheck.scripts.replay.guard import GUARD
from gradcheck.scripts.replay.interpreter import Interpreter
from gradcheck.scripts.replay.narrowed import narrowed
from gradcheck.scripts.replay.overlay import Overlay
from gradcheck.scripts.replay.stand_ins import Repeatable

#: Modules whose functions stay as they are: Python's own import system, and this package.
_LEFT_ALONE = ("posix", "nt", "_frozen_importlib", "_frozen_importlib_external", "zipimport")
_PACKAGE = __name__.split(".")[0]


class _InModules:
    """Where modules have names for functions. A module is looked through again when it has more or fewer names."""

    def __init__(self) -> None:
        self._functions: list[Any] = []
        self._names: weakref.WeakKeyDictionary[types.ModuleType, tuple[int, list[str]]] = weakref.WeakKeyDictionary()

    def names(self, modules: Iterable[Any], functions: list[Any]) -> Iterator[tuple[dict[str, Any], list[str]]]:
        """The namespace of each module, and the names in it that may be of one of the functions."""
        ids, kinds = set(map(id, functions)), set(map(type, functions))
        if ids != set(map(id, self._functions)):
            self._functions = functions  # so that no other object takes one of these places in memory
            self._names.clear()
        for module in modules:
            plain = type(module) is types.ModuleType
            namespace = vars(module)
            size, names = self._names.get(module, (-1, [])) if plain else (-1, [])
            if size != len(namespace):
                names = [k for k, value in list(namespace.items()) if type(value) in kinds and id(value) in ids]
                if plain:
                    self._names[module] = len(namespace), names
            yield namespace, names


_IN_MODULES = _InModules()


class Sandbox:
    """What takes the place of functions with effects during replays, and where.

    A function is replaced wherever a module has a name for it, so that ``from time import sleep`` makes no difference.

    Parameters
    ----------
    namespaces : iterable of dict
        Variables of the program, in addition to those of the loaded modules.

    Attributes
    ----------
    narrowed : tuple of str
        Functions of NumPy that something has replaced by ones that round. Replays use NumPy's own.
    """

    def __init__(self, namespaces: Iterable[dict[str, Any]] = ()) -> None:
        self._overlay, self._repeatable = Overlay(), Repeatable()
        pairs = [*self._overlay.stand_ins(), *self._repeatable.stand_ins(), *stand_ins.stand_ins()]
        table = {id(original): (original, _in_replays(original, new)) for original, new in pairs}
        rounding = list(narrowed())
        self.narrowed = tuple(name for name, _, _ in rounding)
        table |= {id(other): (other, own) for _, other, own in rounding}
        originals = [*(original for original, _ in pairs), *(other for _, other, _ in rounding)]
        modules = [
            module
            for name, module in list(sys.modules.items())
            if name not in _LEFT_ALONE and name.split(".")[0] != _PACKAGE and hasattr(module, "__dict__")
        ]
        own = [(namespace, list(namespace)) for namespace in (*namespaces, *stand_ins.namespaces())]
        self._places: list[tuple[dict[str, Any], str, Any, Any]] = []
        seen: set[int] = set()
        for namespace, names in (*own, *_IN_MODULES.names(modules, originals)):
            if id(namespace) not in seen:
                seen.add(id(namespace))
                found = [(name, table[id(namespace[name])]) for name in names if id(namespace.get(name)) in table]
                self._places += [(namespace, name, *entry) for name, entry in found]
        self._methods = [
            (owner, name, vars(owner).get(name), _in_replays(getattr(owner, name), new))
            for owner, name, new in stand_ins.methods()
        ]

    @contextmanager
    def active(self, interpreter: Interpreter | None = None) -> Iterator[None]:
        """One replay, in the program's own folder, with its arguments and modules."""
        self._repeatable.restart()
        interpreter = interpreter or Interpreter.now()
        with ExitStack() as stack:
            stack.enter_context(_silent())
            stack.enter_context(interpreter.entered())
            stack.enter_context(warnings.catch_warnings())
            stack.enter_context(interpreter.errors())
            warnings.simplefilter("ignore")
            stack.callback(self._overlay.forget)
            stack.callback(self._put_back)
            self._put_in_place()
            with GUARD.forbidding():
                yield

    def _put_in_place(self) -> None:
        for namespace, name, _, new in self._places:
            namespace[name] = new
        for owner, name, _, new in self._methods:
            setattr(owner, name, new)

    def _put_back(self) -> None:
        for namespace, name, original, _ in self._places:
            namespace[name] = original
        for owner, name, original, _ in self._methods:
            if original is None:  # the class inherits it
                delattr(owner, name)
            else:
                setattr(owner, name, original)


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing is printed, plotted, asked, logged, waited for or written; for a single replay."""
    with Sandbox().active():
        yield


def _in_replays(original: Any, new: Any) -> Any:
    """A function that does what the stand-in does in threads that run a replay, and the original in others."""
    if isinstance(new, type):
        return new

    def chosen(*args: Any, **options: Any) -> Any:
        return (new if GUARD.is_active else original)(*args, **options)

    with suppress(AttributeError, TypeError):
        functools.update_wrapper(chosen, original)
    return chosen


@contextmanager
def _silent() -> Iterator[None]:
    """Nothing reaches the terminal, nothing is read from it, and nothing is logged."""
    real = sys.stdin, sys.stdout, sys.stderr
    disabled = logging.root.manager.disable
    sink = _nowhere()
    sys.stdin, sys.stdout, sys.stderr = io.TextIOWrapper(io.BytesIO()), sink, sink
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = real
        logging.disable(disabled)


@functools.cache
def _nowhere() -> Any:
    """A stream that keeps nothing."""
    stream = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    atexit.register(stream.close)
    return stream
