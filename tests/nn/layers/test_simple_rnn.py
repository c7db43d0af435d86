from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from gradcheck.nn.layers.simple_rnn import Name, SimpleRNN
from tests.nn.layers.recurrent import SHAPES, assert_agrees, assert_masks_agree, assert_well_behaved
from tests.nn.reference import torch


def theirs(activation: Name) -> Callable[[int, int], Any]:
    return partial(torch.nn.RNN, nonlinearity=activation, batch_first=True)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("samples", "time", "features", "units"), SHAPES)
def test_agrees_with_torch(
    samples: int, time: int, features: int, units: int, reverse: bool, last: bool, activation: Name
) -> None:
    layer = SimpleRNN(features, units, activation=activation, last=last, reverse=reverse)
    assert_agrees(layer, theirs(activation), samples, time)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
def test_masked_steps_keep_the_state(last: bool, reverse: bool, activation: Name) -> None:
    layer = SimpleRNN(2, 3, activation=activation, last=last, reverse=reverse)
    assert_masks_agree(layer, theirs(activation))


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_well_behaved(activation: Name) -> None:
    assert_well_behaved(partial(SimpleRNN, activation=activation))


def test_relu_has_derivative_0_at_its_kink() -> None:
    layer = SimpleRNN(1, 1, activation="relu", rng=0)
    layer.forward(np.zeros((1, 2, 1)))
    np.testing.assert_array_equal(layer.backward(np.ones((1, 2, 1))), 0.0)


def test_is_described_by_its_arguments() -> None:
    spec = {
        "kind": "SimpleRNN",
        "features": 2,
        "units": 3,
        "activation": "relu",
        "last": False,
        "reverse": False,
        "scale": "he",
    }
    assert SimpleRNN(2, 3, activation="relu", scale="he").spec() == spec
    with pytest.raises(ValueError, match="SimpleRNN: activation must be one of tanh, relu, got 'gelu'"):
        SimpleRNN(2, 3, activation="gelu")  # type: ignore[arg-type]
