"""What Hypothesis runs when it is imported: our types get their strategies when, and only when, they are loaded.

Importing this module imports nothing of gradcheck, of Hypothesis, or of NumPy. A type can be registered only once it
exists, and most programs that use Hypothesis never load `gradcheck.nn`. So the modules that define our types are
watched for; the finder stands aside for all others, as those of PEP 369's successors do.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

#: Packages that hold layers and losses, and the modules of our other types.
PACKAGES = ("gradcheck.nn.layers.", "gradcheck.nn.activations.", "gradcheck.nn.losses.")
MODULES = ("gradcheck.nn.layer", "gradcheck.nn.network", "gradcheck.diagnosis.mistakes.mistake")


def setup() -> None:
    """Register the types that are loaded, and watch for the others. Called by Hypothesis, through its entry point."""
    for name, module in list(sys.modules.items()):
        if _watched(name):
            _register(module)
    if not any(isinstance(finder, Watch) for finder in sys.meta_path):
        sys.meta_path.insert(0, Watch())


def _watched(name: str) -> bool:
    return name in MODULES or name.startswith(PACKAGES)


class Watch(MetaPathFinder):
    """Finds our own modules as Python does, and registers their types once they have been executed."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Specification of a module of ours; None for all others."""
        if not _watched(name):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = Registering(spec.loader)
        return spec


class Registering(Loader):
    """The usual loader, and what comes after it."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As the usual loader does."""
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """As the usual loader does; then register."""
        self._loader.exec_module(module)
        _register(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)  # source and resources, for tracebacks and debuggers


def _register(module: ModuleType) -> None:
    """Register the public types that a module defines; their strategies are made when they are asked for."""
    from hypothesis import strategies as st

    for name, kind in vars(module).items():
        if isinstance(kind, type) and kind.__module__ == module.__name__ and not name.startswith("_"):
            st.register_type_strategy(kind, _strategy)


def _strategy(kind: type) -> Any:
    from gradcheck.strategies.types import strategy_of

    return strategy_of(kind)
