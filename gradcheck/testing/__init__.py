"""Tools for test suites: the layer contract, fault injection, the pytest plugin, the table of layers and losses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck.testing.contract.contract import LayerContract

__all__ = ["LayerContract"]


def __getattr__(name: str) -> Any:
    """Load the contract when it is first used: the pytest plugin lives in this package and must load nothing."""
    if name not in __all__:
        raise AttributeError(f"module 'gradcheck.testing' has no attribute {name!r}")
    from gradcheck.testing.contract.contract import LayerContract

    return LayerContract


def __dir__() -> list[str]:
    return __all__
