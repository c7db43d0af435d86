"""Replays of a step without output, files, processes, connections or waiting, whatever the program asks for."""

from __future__ import annotations

import atexit
import functools
import io
import logging
import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import numpy as np

from gradcheck.scripts.replay import stand_ins
from gradcheck.scripts.replay.guard import GUARD
from gradcheck.scripts.replay.interpreter import Interpreter
from gradcheck.scripts.replay.overlay import Overlay
from gradcheck.scripts.replay.stand_ins import Repeatable

#: Modules whose functions stay as they are: Python's own import system, and this package.
_LEFT_ALONE = ("posix", "nt", "_frozen_importlib", "_frozen_importlib_external", "zipimport")
_PACKAGE = __name__.split(".")[0]


class Sandbox:
    """What takes the place of functions with effects during replays, and where.

    A function is replaced wherever a module has a name for it, so that ``from time import sleep`` makes no difference.

    Parameters
    ----------
    namespaces : iterable of dict
        Variables of the program, in addition to those of the loaded modules.
    """

    def __init__(self, namespaces: Iterable[dict[str, Any]] = ()) -> None:
        self._overlay, self._repeatable = Overlay(), Repeatable()
        pairs = [*self._overlay.stand_ins(), *self._repeatable.stand_ins(), *stand_ins.stand_ins()]
        table = {id(original): (original, _in_replays(original, new)) for original, new in pairs}
        modules = [
            vars(module)
            for name, module in list(sys.modules.items())
            if name not in _LEFT_ALONE and name.split(".")[0] != _PACKAGE and hasattr(module, "__dict__")
        ]
        self._places: list[tuple[dict[str, Any], str, Any, Any]] = []
        seen: set[int] = set()
        for namespace in (*modules, *namespaces, *stand_ins.namespaces()):
            if id(namespace) not in seen:
                seen.add(id(namespace))
                found = [(k, table[id(v)]) for k, v in list(namespace.items()) if id(v) in table]
                self._places += [(namespace, name, *entry) for name, entry in found]
        self._methods = [
            (owner, name, vars(owner).get(name), _in_replays(getattr(owner, name), new))
            for owner, name, new in stand_ins.methods()
        ]

    @contextmanager
    def active(self, interpreter: Interpreter | None = None) -> Iterator[None]:
        """One replay, in the program's own folder, with its arguments and modules."""
        self._repeatable.restart()
        with ExitStack() as stack:
            stack.enter_context(_silent())
            stack.enter_context((interpreter or Interpreter.now()).entered())
            stack.enter_context(warnings.catch_warnings())
            stack.enter_context(np.errstate(all="ignore"))
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
