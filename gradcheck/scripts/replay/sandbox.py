"""Running a program as if it were started by itself, and replaying a part of it unheard and unseen."""

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


@contextmanager
def started(file: str, arguments: Sequence[str], finder: importlib.abc.MetaPathFinder) -> Iterator[None]:
    """The state of the interpreter as a script finds it; all of it is put back."""
    kept = (list(sys.argv), list(sys.path), Path.cwd(), dict(os.environ), sys.stdout, sys.modules.get("__main__"))
    modules = set(sys.modules)
    options = np.geterr()
    prints = np.get_printoptions()
    filters = list(warnings.filters)
    generators = np.random.get_state()
    os.environ["MPLBACKEND"] = "Agg"
    sys.argv = [file, *arguments]
    sys.path.insert(0, str(Path(file.split(",")[0]).resolve().parent))
    sys.meta_path.insert(0, finder)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        sys.meta_path.remove(finder)
        sys.argv, sys.path[:] = kept[0], kept[1]
        os.chdir(kept[2])
        os.environ.clear()
        os.environ.update(kept[3])
        for name in set(sys.modules) - modules:
            if getattr(sys.modules[name], "_gradcheck_tape_", None) is not None:
                del sys.modules[name]
        if kept[5] is not None:
            sys.modules["__main__"] = kept[5]
        np.seterr(**options)
        np.set_printoptions(**prints)
        np.random.set_state(generators)
        warnings.filters[:] = filters  # type: ignore[index]


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing is shown, asked for, waited for, or written to a file."""
    opened, asked, slept, logged = builtins.open, builtins.input, time.sleep, logging.root.manager.disable
    real_out, real_error = sys.stdout, sys.stderr
    sink = io.StringIO()

    def open_(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        if isinstance(mode, str) and any(letter in mode for letter in "wax+"):
            return io.BytesIO() if "b" in mode else io.StringIO()
        return opened(file, mode, *args, **options)

    builtins.open, builtins.input, time.sleep = open_, lambda *_: "", lambda _: None
    sys.stdout, sys.stderr = sink, sink
    logging.disable(logging.CRITICAL)
    shown = _without_windows()
    saved = {name: getattr(np, name) for name in ("save", "savez", "savez_compressed", "savetxt")}
    for name in saved:
        setattr(np, name, _nothing)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    finally:
        builtins.open, builtins.input, time.sleep = opened, asked, slept
        sys.stdout, sys.stderr = real_out, real_error
        logging.disable(logged)
        for name, function in saved.items():
            setattr(np, name, function)
        for owner, name, function in shown:
            setattr(owner, name, function)


def _nothing(*_: Any, **__: Any) -> None:
    """Instead of what would write or show."""


def _without_windows() -> list[tuple[Any, str, Any]]:
    """Replace what would draw, if matplotlib is in use; returns what it was."""
    plots = sys.modules.get("matplotlib.pyplot")
    if plots is None:
        return []
    replaced = [(plots, name, getattr(plots, name)) for name in ("show", "pause", "savefig", "draw", "plot")]
    for owner, name, _ in replaced:
        setattr(owner, name, _nothing)
    return replaced


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports modules that stand beside the script with taps in them.

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
        """The usual module."""

    def exec_module(self, module: Any) -> None:
        """Run it with taps."""
        self.execute(Path(module.__spec__.origin), module)
