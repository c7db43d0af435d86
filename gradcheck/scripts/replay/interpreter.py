"""The state of the interpreter that belongs to a program: its folder, arguments, paths, modules and environment."""

from __future__ import annotations

import atexit
import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import signal
import site
import sys
import sysconfig
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck.scripts.instrument.tracer import TRACER
from gradcheck.scripts.replay.guard import GUARD
from gradcheck.scripts.replay.process_state import LibraryFunctions, Replacement, in_place, process_state_kept


@dataclass(frozen=True)
class Interpreter:
    """What a program can change of the interpreter.

    Attributes
    ----------
    folder : str
        The working directory.
    arguments, path, finders : list
        `sys.argv`, `sys.path` and `sys.meta_path`.
    environment : dict
        As the system has it.
    modules : dict of str to module
        Modules of the program, its main module included.
    bytecode : bool
        Whether imports write no bytecode.
    replaced : tuple of Replacement
        Functions of libraries that the program has replaced.
    raised : frozenset of str
        Errors of NumPy's arithmetic that are raised, as `numpy.seterr` names them.
    """

    folder: str
    arguments: list[str]
    path: list[str]
    finders: list[Any]
    environment: dict[Any, Any]
    modules: dict[str, Any]
    bytecode: bool
    replaced: tuple[Replacement, ...] = ()
    raised: frozenset[str] = frozenset()

    @classmethod
    def now(cls, modules: dict[str, Any] | None = None, replaced: tuple[Replacement, ...] = ()) -> Interpreter:
        """The state at this moment, with modules of a program, and what it has replaced."""
        return cls(
            os.getcwd(),
            list(sys.argv),
            list(sys.path),
            list(sys.meta_path),
            _environment(),
            modules or {},
            sys.dont_write_bytecode,
            replaced,
            frozenset(error for error, treatment in np.geterr().items() if treatment == "raise"),
        )

    def errors(self) -> np.errstate:
        """The treatment of errors of arithmetic: they are raised where the program has it so, and never printed."""
        return np.errstate(**{"all": "ignore", **dict.fromkeys(self.raised, "raise")})  # type: ignore[arg-type]

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Have this state for a while. What is changed meanwhile is undone."""
        kept = {name: sys.modules.get(name) for name in self.modules}
        count, known = len(sys.modules), list(sys.modules)
        before = replace(Interpreter.now(), modules={name: m for name, m in kept.items() if m is not None})
        self._set()
        sys.dont_write_bytecode = True
        try:
            with in_place(self.replaced, own=False):
                yield
        finally:
            if len(sys.modules) > count:
                for name in sys.modules.keys() - set(known):
                    if is_traced(sys.modules[name]) or _is_own_namespace(sys.modules[name]):
                        del sys.modules[name]
            for name in self.modules.keys() - before.modules.keys():
                sys.modules.pop(name, None)
            before._set()

    def _set(self) -> None:
        if os.getcwd() != self.folder:
            with contextlib.suppress(OSError):  # the folder is gone
                os.chdir(self.folder)
        sys.argv, sys.path[:], sys.meta_path[:] = list(self.arguments), self.path, self.finders
        now = _environment()
        if now != self.environment:
            for name in now.keys() - self.environment.keys():
                del os.environ[os.fsdecode(name)]
            for name, value in self.environment.items():
                if now.get(name) != value:
                    os.environ[os.fsdecode(name)] = os.fsdecode(value)
        sys.modules.update(self.modules)
        sys.dont_write_bytecode = self.bytecode


def _environment() -> dict[Any, Any]:
    """The environment without decoding it, which takes as long as a small step."""
    return dict(os.environ._data)  # type: ignore[attr-defined]


def _encoded(name: str, value: str) -> dict[Any, Any]:
    return {os.environ.encodekey(name): os.environ.encodevalue(value)}


def traced_modules() -> dict[str, Any]:
    """The modules of the instrumented program that runs."""
    return {name: module for name, module in list(sys.modules.items()) if is_traced(module)}


def is_traced(module: Any) -> bool:
    """Whether a module is part of an instrumented program."""
    return TRACER in getattr(module, "__dict__", ())


def _is_own_namespace(module: Any) -> bool:
    """Whether a module is a package without code, in a folder of the user's own."""
    if getattr(module, "__file__", None) is not None or not hasattr(module, "__path__"):
        return False
    try:
        folders = list(module.__path__)
    except KeyError:  # the package that it is in was the user's own, and is gone
        return True
    return bool(folders) and not is_library(Path(folders[0]))


@contextmanager
def started(
    file: str, arguments: Sequence[str], finder: importlib.abc.MetaPathFinder, root: Path | None = None
) -> Iterator[LibraryFunctions]:
    """The state of the interpreter that a script expects; all of it is put back. `root` is on its path as well."""
    state = Interpreter.now()
    folder = str(Path(file.split(",")[0]).resolve().parent)
    environment = {**state.environment, **_encoded("MPLBACKEND", "Agg")}
    own = Interpreter(
        state.folder,
        [file, *arguments],
        [folder, *([str(root)] if root is not None else []), *state.path],
        [finder, *state.finders],
        environment,
        {"__main__": sys.modules["__main__"]},
        True,
    )
    with (
        process_state_kept(),
        own.entered(),
        _without_handlers(),
        _with_own_hooks(),
        _adopting_threads(),
        standard_output_to_error(),
        LibraryFunctions().kept() as functions,
    ):
        yield functions


@contextmanager
def standard_output_to_error() -> Iterator[None]:
    """What the program and its children print goes to standard error, where it cannot mix with a report."""
    kept = None
    if sys.__stdout__ is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.__stdout__.flush()
    with contextlib.suppress(OSError):
        kept = os.dup(1)
        os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        if kept is not None:
            with contextlib.suppress(OSError, ValueError, AttributeError):
                sys.__stdout__.flush()  # type: ignore[union-attr]
            os.dup2(kept, 1)
            os.close(kept)


@contextmanager
def _without_handlers() -> Iterator[None]:
    """The program's own handlers for the end of the process are left out, since the program never ends."""
    register = atexit.register
    finalizers = set(weakref.finalize._registry)  # type: ignore[attr-defined]

    def registered(function: Any, /, *args: Any, **options: Any) -> Any:
        by_program = TRACER in sys._getframe(1).f_globals
        return function if by_program else register(function, *args, **options)

    atexit.register = registered
    try:
        yield
    finally:
        atexit.register = register
        for finalizer in set(weakref.finalize._registry) - finalizers:  # type: ignore[attr-defined]
            known = finalizer.peek()
            if known is not None and TRACER in getattr(known[1], "__globals__", ()):
                finalizer.detach()


@contextmanager
def _with_own_hooks() -> Iterator[None]:
    """The program's handlers of signals and of uncaught exceptions are left out as well."""
    hooks = sys.excepthook, sys.unraisablehook, sys.displayhook, threading.excepthook
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    try:
        yield
    finally:
        sys.excepthook, sys.unraisablehook, sys.displayhook, threading.excepthook = hooks
        if threading.current_thread() is threading.main_thread():
            for number, handler in handlers.items():
                if signal.getsignal(number) is not handler and handler is not None:
                    signal.signal(number, handler)


@contextmanager
def _adopting_threads() -> Iterator[None]:
    """Threads that the program starts are known, so that they do nothing to the world once it is stopped."""
    name = "_start_joinable_thread" if hasattr(threading, "_start_joinable_thread") else "_start_new_thread"
    start = getattr(threading, name)
    setattr(threading, name, lambda function, *args, **options: start(GUARD.adopt(function), *args, **options))
    try:
        yield
    finally:
        setattr(threading, name, start)


@cache
def _library_folders() -> tuple[Path, ...]:
    """Where modules are that nobody wrote for this program."""
    named = [sysconfig.get_paths().get(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    found = [*named, *site.getsitepackages(), site.getusersitepackages(), str(Path(__file__).parents[2])]
    return tuple(Path(folder).resolve() for folder in found if folder)


def is_library(file: Path) -> bool:
    """Whether a file belongs to Python, to an installed package or to gradcheck."""
    parents = file.resolve().parents
    packages = {"site-packages", "dist-packages"} & set(file.parts)
    return bool(packages) or any(folder in parents for folder in _library_folders())


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the user's own modules through the instrumented program.

    They are those that are part of no installed package, wherever the program finds them: beside the script, in another
    folder that it puts on its path, in the working directory.

    Parameters
    ----------
    execute : callable
        Runs the source of a file in a module.
    """

    def __init__(self, execute: Callable[[Path, Any], None]) -> None:
        self.execute = execute

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """A module or a package of the user's own."""
        for finder in sys.meta_path:
            find = None if finder is self or isinstance(finder, Finder) else getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find is not None else None
            if spec is not None:
                return self._own(spec)
        return None

    def _own(self, spec: Any) -> Any:
        if not isinstance(spec.loader, importlib.machinery.SourceFileLoader) or is_library(Path(spec.origin)):
            return None
        return importlib.util.spec_from_file_location(
            spec.name, spec.origin, loader=self, submodule_search_locations=spec.submodule_search_locations
        )

    def create_module(self, spec: Any) -> None:
        """Let Python create the module."""

    def exec_module(self, module: Any) -> None:
        """Run the instrumented module."""
        self.execute(Path(module.__spec__.origin), module)
