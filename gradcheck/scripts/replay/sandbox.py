"""Runs a program as if it were started by itself, and replays its step without visible effects."""

from __future__ import annotations

import builtins
import contextlib
import importlib.abc
import importlib.util
import io
import logging
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck.scripts.instrument.tracer import TRACER
from gradcheck.scripts.replay.snapshot import generator_states, set_generator_states

#: Functions of matplotlib and NumPy that do nothing in a replay.
_PLOTTING, _SAVING = ("show", "pause", "savefig", "draw", "plot"), ("save", "savez", "savez_compressed", "savetxt")


@contextmanager
def started(file: str, arguments: Sequence[str], finder: importlib.abc.MetaPathFinder) -> Iterator[None]:
    """The state of the interpreter that a script expects; all of it is put back."""
    argv, path, folder, environment = list(sys.argv), list(sys.path), Path.cwd(), dict(os.environ)
    main = sys.modules.get("__main__")
    modules = set(sys.modules)
    options = np.geterr()
    prints = np.get_printoptions()
    filters = list(warnings.filters)
    generators = generator_states()
    os.environ["MPLBACKEND"] = "Agg"
    sys.argv = [file, *arguments]
    sys.path.insert(0, str(Path(file.split(",")[0]).resolve().parent))
    sys.meta_path.insert(0, finder)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        sys.meta_path.remove(finder)
        sys.argv, sys.path[:] = argv, path
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        for name in set(sys.modules) - modules:
            if getattr(sys.modules[name], TRACER, None) is not None:
                del sys.modules[name]
        if main is not None:
            sys.modules["__main__"] = main
        np.seterr(**options)
        np.set_printoptions(**prints)
        set_generator_states(generators)
        warnings.filters[:] = filters  # type: ignore[index]


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing is printed, plotted, asked, logged, waited for or written to a file."""
    real_open, real_input, real_sleep, disabled = (
        builtins.open,
        builtins.input,
        time.sleep,
        logging.root.manager.disable,
    )
    real_out, real_error = sys.stdout, sys.stderr
    sink = io.StringIO()

    def open_in_memory(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        if isinstance(mode, str) and any(letter in mode for letter in "wax+"):
            return io.BytesIO() if "b" in mode else io.StringIO()
        return real_open(file, mode, *args, **options)

    builtins.open, builtins.input, time.sleep = open_in_memory, lambda *_: "", lambda _: None
    sys.stdout, sys.stderr = sink, sink
    logging.disable(logging.CRITICAL)
    owners = [(sys.modules.get("matplotlib.pyplot"), _PLOTTING), (np, _SAVING)]
    disarmed = [(owner, name, getattr(owner, name)) for owner, names in owners if owner is not None for name in names]
    for owner, name, _ in disarmed:
        setattr(owner, name, _nothing)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    finally:
        builtins.open, builtins.input, time.sleep = real_open, real_input, real_sleep
        sys.stdout, sys.stderr = real_out, real_error
        logging.disable(disabled)
        for owner, name, function in disarmed:
            setattr(owner, name, function)


def _nothing(*_: Any, **__: Any) -> None:
    """Stands in for a function that would show or write something."""


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the modules in the script's folder through the instrumented program.

    Parameters
    ----------
    folder : Path
    execute : callable
        Runs the source of a file in a module.
    """

    def __init__(self, folder: Path, execute: Callable[[Path, Any], None]) -> None:
        self.folder, self.execute = folder, execute

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """A module, or a package, in the script's own folder."""
        places = [Path(p) for p in path] if path else [self.folder]
        last = name.rpartition(".")[2]
        for place in places:
            if self.folder not in (place.resolve(), *place.resolve().parents):
                continue
            for file, package in ((place / last / "__init__.py", True), (place / f"{last}.py", False)):
                if file.is_file() and "site-packages" not in file.parts:
                    return importlib.util.spec_from_file_location(
                        name, file, loader=self, submodule_search_locations=[str(file.parent)] if package else None
                    )
        return None

    def create_module(self, spec: Any) -> None:
        """Let Python create the module."""

    def exec_module(self, module: Any) -> None:
        """Run the instrumented module."""
        self.execute(Path(module.__spec__.origin), module)
