"""The state of the process that a program can change beside its own variables: kept while it runs, and put back."""

from __future__ import annotations

import contextlib
import decimal
import functools
import gc
import locale
import logging
import os
import signal
import socket
import sys
import threading
import time
import types
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.scripts.replay.snapshot import generator_states, set_generator_states

#: Packages beside the standard library whose functions programs replace by their own, as `numpy.dot`.
_PATCHED = ("numpy", "scipy", "matplotlib")

#: In the place of what is not there.
_MISSING: Any = object()

Undo = Callable[[], object]


@contextmanager
def process_state_kept() -> Iterator[None]:
    """Put back what `KEEPERS` lists once the program has ended, however it ends."""
    undos = [undo for keep in KEEPERS for undo in keep()]
    try:
        yield
    finally:
        for undo in reversed(undos):
            with contextlib.suppress(Exception):  # of the rest as much as possible
                undo()


# -- functions of libraries --------------------------------------------------------------------------------------------

#: The flag of classes whose attributes can be set.
_HEAP_TYPE = 1 << 9


@dataclass(frozen=True)
class Replacement:
    """A function of a library, or a method of a class there, that a program has replaced or taken away.

    Attributes
    ----------
    holder : module or type
    name : str
    own, other : object
        The library's own, and the program's.
    """

    holder: Any
    name: str
    own: Any
    other: Any


class LibraryFunctions:
    """The functions and classes of the loaded modules, and the methods of their classes, as they are now."""

    def __init__(self) -> None:
        self._holders: list[tuple[Any, dict[str, Any]]] = []
        for name, module in list(sys.modules.items()):
            top = name.partition(".")[0]
            public = "._" not in name and (top in _PATCHED or top in sys.stdlib_module_names)
            if public and isinstance(module, types.ModuleType):
                self._holders.append((module, _callables_of(module)))
                own = (each for each in vars(module).values() if isinstance(each, type) and each.__module__ == name)
                self._holders += [(each, _callables_of(each)) for each in own if each.__flags__ & _HEAP_TYPE]

    def replaced(self) -> tuple[Replacement, ...]:
        """Those that are others by now."""
        return tuple(
            Replacement(holder, name, own, vars(holder).get(name, _MISSING))
            for holder, before in self._holders
            for name, own in before.items()
            if vars(holder).get(name, _MISSING) is not own
        )

    @contextmanager
    def kept(self) -> Iterator[LibraryFunctions]:
        """Put all of them back at the end."""
        try:
            yield self
        finally:
            for each in self.replaced():
                _put(each.holder, each.name, each.own)


@contextmanager
def in_place(replaced: Sequence[Replacement], *, own: bool) -> Iterator[None]:
    """Have the library's own functions, or the program's, for a while."""
    before = [vars(each.holder).get(each.name, _MISSING) for each in replaced]
    for each in replaced:
        _put(each.holder, each.name, each.own if own else each.other)
    try:
        yield
    finally:
        for each, value in zip(replaced, before, strict=True):
            _put(each.holder, each.name, value)


def _callables_of(holder: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(holder).items() if callable(value)}


def _put(holder: Any, name: str, value: Any) -> None:
    with contextlib.suppress(AttributeError, TypeError):
        if value is not _MISSING:
            setattr(holder, name, value)
        elif name in vars(holder):
            delattr(holder, name)


def _unless_same(read: Callable[[], Any], write: Callable[[Any], object]) -> Undo:
    """What writes the present value again, if it has changed by then."""
    before = read()
    return lambda: None if read() == before else write(before)


# -- NumPy, numbers, random numbers ------------------------------------------------------------------------------------


def _numpy() -> Iterator[Undo]:
    yield _unless_same(np.get_printoptions, lambda options: np.set_printoptions(**options))
    yield _unless_same(np.geterrcall, np.seterrcall)
    yield _unless_same(np.getbufsize, np.setbufsize)
    yield _unless_same(np.geterr, lambda options: np.seterr(**options))


def _numbers() -> Iterator[Undo]:
    yield functools.partial(decimal.setcontext, decimal.getcontext().copy())
    yield _unless_same(sys.get_int_max_str_digits, sys.set_int_max_str_digits)


def _generators() -> Iterator[Undo]:
    yield functools.partial(set_generator_states, generator_states())


# -- messages ----------------------------------------------------------------------------------------------------------


def _warnings() -> Iterator[Undo]:
    module: Any = warnings
    filters, shown, defaults = list(module.filters), dict(module.onceregistry), module.defaultaction

    def undo() -> None:
        module.filters[:] = filters
        module.onceregistry.clear()
        module.onceregistry.update(shown)
        module.defaultaction = defaults
        module._filters_mutated()

    yield undo


def _loggers() -> list[logging.Logger]:
    named = logging.Logger.manager.loggerDict.values()
    return [logging.root, *(each for each in list(named) if isinstance(each, logging.Logger))]


def _logging() -> Iterator[Undo]:
    """Levels, handlers and filters of loggers; handlers that are new are closed."""
    names = ("level", "disabled", "propagate")
    kept = {each: ([getattr(each, n) for n in names], list(each.handlers), list(each.filters)) for each in _loggers()}
    disabled, captures = logging.root.manager.disable, getattr(logging, "_warnings_showwarning", None)

    def undo() -> None:
        added: list[logging.Handler] = []
        for logger in _loggers():
            values, handlers, filters = kept.get(logger, ([], [], []))
            added += [each for each in logger.handlers if each not in handlers]
            for name, value in zip(names, values, strict=False):
                setattr(logger, name, value)
            logger.handlers[:], logger.filters[:] = handlers, filters
        for handler in dict.fromkeys(added):
            handler.close()
        logging.root.manager.disable = disabled
        if captures is None:
            logging.captureWarnings(capture=False)
        logging.root.manager._clear_cache()  # type: ignore[attr-defined]

    yield undo


def _streams() -> Iterator[Undo]:
    streams = sys.stdin, sys.stdout, sys.stderr, sys.__stdin__, sys.__stdout__, sys.__stderr__

    def undo() -> None:
        sys.stdin, sys.stdout, sys.stderr = streams[:3]
        sys.__stdin__, sys.__stdout__, sys.__stderr__ = streams[3:]  # type: ignore[misc]

    yield undo


# -- the interpreter and the process -----------------------------------------------------------------------------------


def _interpreter() -> Iterator[Undo]:
    yield _unless_same(sys.getrecursionlimit, sys.setrecursionlimit)
    yield _unless_same(sys.getswitchinterval, sys.setswitchinterval)
    yield _unless_same(sys.gettrace, sys.settrace)
    yield _unless_same(sys.getprofile, sys.setprofile)
    yield _unless_same(threading.stack_size, threading.stack_size)
    yield _unless_same(gc.get_threshold, lambda numbers: gc.set_threshold(*numbers))
    yield _unless_same(gc.isenabled, lambda enabled: gc.enable() if enabled else gc.disable())
    for each in (gc.callbacks, sys.path_hooks):
        yield functools.partial(each.__setitem__, slice(None), list(each))


def _process() -> Iterator[Undo]:
    mask = os.umask(0)
    os.umask(mask)
    yield functools.partial(os.umask, mask)
    yield _unless_same(socket.getdefaulttimeout, socket.setdefaulttimeout)
    yield _unless_same(functools.partial(locale.setlocale, locale.LC_ALL), _set_locale)
    if hasattr(time, "tzset"):
        yield time.tzset  # the environment has its zone again
    if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        for which in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
            if not any(signal.getitimer(which)):
                yield functools.partial(signal.setitimer, which, 0.0)


def _set_locale(name: str) -> None:
    locale.setlocale(locale.LC_ALL, name)


# -- pictures ----------------------------------------------------------------------------------------------------------


def _pictures() -> Iterator[Undo]:
    """Parameters and figures of matplotlib, where it was loaded before."""
    matplotlib: Any = sys.modules.get("matplotlib")
    pyplot: Any = sys.modules.get("matplotlib.pyplot")
    if matplotlib is None:
        return
    parameters = dict.copy(matplotlib.rcParams)

    def undo() -> None:
        if "matplotlib.pyplot" in sys.modules:
            now = sys.modules["matplotlib.pyplot"]
            for number in set(now.get_fignums()) - figures:
                now.close(number)
        dict.clear(matplotlib.rcParams)
        dict.update(matplotlib.rcParams, parameters)

    figures = set(pyplot.get_fignums()) if pyplot is not None else set[int]()
    yield undo


#: Each gives functions that put something back. What they put back last comes first.
KEEPERS: tuple[Callable[[], Iterator[Undo]], ...] = (
    _numpy,
    _numbers,
    _generators,
    _warnings,
    _logging,
    _streams,
    _interpreter,
    _process,
    _pictures,
)
