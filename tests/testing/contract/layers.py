"""A right layer, the contract of a class of layers, and the message of a broken promise, for the tests here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.nn.layer import Array
from gradcheck.testing import LayerContract

PROMISES = [name for name in dir(LayerContract) if name.startswith("test_")]


class Scale:
    """y = s x: keeps every promise."""

    def __init__(self, features: int) -> None:
        self.s = np.linspace(0.5, 1.5, features)
        self.ds = np.zeros(features)

    def forward(self, x: Array) -> Any:
        self.x = x
        return x * self.s

    def backward(self, upstream: Array) -> Any:
        self.ds = (upstream * self.x).sum(axis=0)
        return upstream * self.s


class WrongInput(Scale):
    """The gradient with respect to the input is 1 % too large."""

    def backward(self, upstream: Array) -> Any:
        return super().backward(upstream) * 1.01


def contract(kind: Callable[..., Any], **attributes: Any) -> LayerContract:
    """The contract of a class of layers that take the width of a sample."""

    def layer(self: LayerContract, shape: tuple[int, ...]) -> Any:
        return kind(shape[0])

    made: LayerContract = type("TestIt", (LayerContract,), {"layer": layer, "max_size": 3, **attributes})()
    return made


def assert_kept(tested: LayerContract, *but: str) -> None:
    """Every promise is kept, except for those that are named."""
    for name in PROMISES:
        if name not in but:
            getattr(tested, name)()


def broken(tested: LayerContract, name: str) -> str:
    """The message of a promise that is broken."""
    with pytest.raises(AssertionError) as caught:
        getattr(tested, name)()
    assert "on a batch of shape (" in str(caught.value)
    assert "seed 0" in str(caught.value)
    return str(caught.value)
