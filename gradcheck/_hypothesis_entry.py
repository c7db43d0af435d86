"""The entry point that Hypothesis runs when it is imported: it registers strategies for the types of gradcheck.

This module imports nothing of gradcheck, Hypothesis or NumPy. A type can be registered only once it exists, and most
programs that use Hypothesis never load `gradcheck.nn`. So an import hook (PEP 451) waits for the modules that define
these types, and leaves all other modules alone.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

#: Packages that hold layers, activations and losses, and the modules of the other types.
PACKAGES = ("gradcheck.nn.layers.", "gradcheck.nn.activations.", "gradcheck.nn.losses.")
MODULES = ("gradcheck.nn.layer", "gradcheck.nn.network", "gradcheck.diagnosis.mistakes.mistake")


def setup() -> None:
    """Register the types that are loaded, and install the import hook for the others."""
    for name, module in list(sys.modules.items()):
        if _defines_types(name):
            _register(module)
    if not any(isinstance(finder, TypeFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, TypeFinder())


def _defines_types(name: str) -> bool:
    """Whether a module defines types that have strategies."""
    return name in MODULES or name.startswith(PACKAGES)


class TypeFinder(MetaPathFinder):
    """Finds the modules that define types in the usual way, with a loader that registers the types."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the specification of such a module; None for all other modules."""
        if not _defines_types(name):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = RegisteringLoader(spec.loader)
        return spec


class RegisteringLoader(Loader):
    """The usual loader of a module, followed by the registration of its types."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Create the module as the usual loader does."""
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Execute the module as the usual loader does, then register its types."""
        self._loader.exec_module(module)
        _register(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)  # source and resources, for tracebacks and debuggers


def _register(module: ModuleType) -> None:
    """Register the public types that a module defines. Their strategies are made when they are first needed."""
    from hypothesis import strategies as st

    for name, kind in vars(module).items():
        if isinstance(kind, type) and kind.__module__ == module.__name__ and not name.startswith("_"):
            st.register_type_strategy(kind, _strategy)


def _strategy(kind: type) -> Any:
    from gradcheck.strategies.types import strategy_of

    return strategy_of(kind)
