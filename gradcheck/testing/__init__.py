"""For people who write layers: a contract that a layer of theirs can be held to, in pytest and in unittest."""

from __future__ import annotations

from gradcheck.testing.contract import LayerContract

__all__ = ["LayerContract"]
