"""Which strategy draws which type of gradcheck, for `hypothesis.strategies.from_type`."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from gradcheck.diagnosis.mistakes.mistake import Mistake
from gradcheck.nn import Layer, Loss, Network
from gradcheck.strategies.layers import layers
from gradcheck.strategies.losses import LOSS_ORDER, losses
from gradcheck.strategies.mistakes import COMMITTED, mistakes
from gradcheck.strategies.networks import networks
from gradcheck.strategies.specs import LAYER_ORDER


def strategy_of(kind: type) -> st.SearchStrategy[Any]:
    """Return the strategy of a type: all subclasses for a base class, else this class alone."""
    if issubclass(kind, Network):
        return networks()
    if issubclass(kind, Layer):
        return layers(kinds=[name for name in LAYER_ORDER if issubclass(_class(name), kind)])
    if issubclass(kind, Loss):
        return losses(kinds=[name for name in LOSS_ORDER if issubclass(_class(name), kind)])
    if issubclass(kind, Mistake):
        return mistakes(slugs=[mistake.slug for mistake in COMMITTED if isinstance(mistake, kind)])
    return st.nothing()


def _class(name: str) -> type:
    from gradcheck import nn

    found: type = getattr(nn, name)
    return found
