"""Every layer of `gradcheck.nn` keeps the contract."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import nn
from gradcheck.nn.kinds import ACTIVATIONS, LAYERS, make
from gradcheck.nn.layer import Array
from gradcheck.testing import LayerContract
from gradcheck.testing.cases import LAYER_CASES, Spec

PROMISES = [name for name in dir(LayerContract) if name.startswith("test_")]

#: What a layer needs to know of the shape of a sample; the others are as in the table of pairs.
SIZED: dict[str, Any] = {
    "Dense": lambda shape: {"inputs": shape[0], "outputs": 2},
    "LayerNorm": lambda shape: {"features": shape[0]},
    "RMSNorm": lambda shape: {"features": shape[0]},
    "BatchNorm": lambda shape: {"features": shape[0]},
    "GroupNorm": lambda shape: {"features": shape[0], "groups": 1},
    "Conv1D": lambda shape: {"inputs": shape[0], "outputs": 2, "size": min(2, shape[1])},
    "Conv2D": lambda shape: {"inputs": shape[0], "outputs": 1, "size": min(2, *shape[1:]), "padding": 1},
    "ConvTranspose1D": lambda shape: {"inputs": shape[0], "outputs": 2, "size": 2, "stride": 2},
    "ConvTranspose2D": lambda shape: {"inputs": shape[0], "outputs": 1, "size": 2},
    "MaxPool1D": lambda shape: {"size": min(2, shape[1])},
    "MaxPool2D": lambda shape: {"size": min(2, *shape[1:]), "stride": 1},
    "AveragePool1D": lambda shape: {"size": min(2, shape[1])},
    "AveragePool2D": lambda shape: {"size": min(2, *shape[1:])},
    "SimpleRNN": lambda shape: {"features": shape[1], "units": 2},
    "LSTM": lambda shape: {"features": shape[1], "units": 2},
    "GRU": lambda shape: {"features": shape[1], "units": 1},
    "MultiHeadAttention": lambda shape: {"features": shape[1], "heads": 1},
    "Reshape": lambda shape: {"shape": (-1,)},
}


#: Layers that take one shape only, made as in the table of pairs.
FIXED = ("Concatenate", "Residual", "Sequential")


@pytest.mark.parametrize("kind", [*LAYERS, *ACTIVATIONS])
def test_our_layers_keep_the_contract(kind: str) -> None:
    arguments, sample = LAYER_CASES.get(kind, ({}, (3,)))

    class TestIt(LayerContract):
        axes = len(sample)
        max_size = 3 if axes == 1 else 2
        min_samples = 2 if kind == "BatchNorm" else 1

        def layer(self, shape: tuple[int, ...]) -> Any:
            if kind in FIXED and shape != sample:
                return None
            spec: Spec = {"kind": kind} | (SIZED[kind](shape) if kind in SIZED else arguments)
            return make("layer", spec, rng=np.random.default_rng(0), dtype=np.float64)

        def input(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
            return rng.integers(0, 6, shape) if kind == "Embedding" else super().input(rng, shape)

    for name in PROMISES:
        getattr(TestIt(), name)()


def test_the_contract_knows_a_wrong_layer_of_ours() -> None:
    class Wrong(nn.Dense):
        def backward(self, upstream: Array) -> Array:
            return super().backward(upstream) * 1.5

    class TestWrong(LayerContract):
        def layer(self, shape: tuple[int, ...]) -> Any:
            return Wrong(shape[0], 2, rng=0)

    with pytest.raises(AssertionError, match=r"GC102 constant-factor"):
        TestWrong().test_gradient_by_the_input()
