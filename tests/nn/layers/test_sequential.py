from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from gradcheck.nn.activations.tanh import Tanh
from gradcheck.nn.layer import Layer
from gradcheck.nn.layers.dense import Dense
from gradcheck.nn.layers.sequential import Sequential
from tests.nn.reference import assert_layer_agrees, redraw, torch


@pytest.mark.parametrize("samples", [1, 5])
def test_agrees_with_torch(samples: int) -> None:
    layer = Sequential(Dense(3, 4), Tanh(), Sequential(Dense(4, 2), Tanh()))
    redraw(layer)
    x = np.random.default_rng(0).standard_normal((samples, 3))
    assert_layer_agrees(
        layer,
        lambda x, p: torch.tanh(
            torch.tanh(x @ p["layers.0.W"] + p["layers.0.b"]) @ p["layers.2.layers.0.W"] + p["layers.2.layers.0.b"]
        ),
        x,
    )


def test_one_layer_is_that_layer() -> None:
    layer = Sequential(Dense(3, 2))
    redraw(layer)
    assert_layer_agrees(
        layer, lambda x, p: x @ p["layers.0.W"] + p["layers.0.b"], np.random.default_rng(0).standard_normal((4, 3))
    )


def test_parameter_gradients_are_those_of_backward() -> None:
    layer = Sequential(Dense(3, 4, rng=0), Tanh(), Dense(4, 2, rng=1))
    layer.forward(np.random.default_rng(0).standard_normal((5, 3)))
    upstream = np.random.default_rng(1).standard_normal((5, 2))
    layer.backward(upstream)
    expected = dict(layer.grads)
    for inner in layer.layers:
        inner.grads.clear()
    layer.parameter_gradients(upstream)
    assert set(layer.grads) == set(expected)
    for name, value in expected.items():
        np.testing.assert_array_equal(layer.grads[name], value)


def test_an_error_says_which_layer() -> None:
    layer = Sequential(Dense(3, 4), Tanh(), Sequential(Tanh(), Dense(5, 2)))
    with pytest.raises(ValueError, match=r"^layers\.2\.layers\.1: Dense\(inputs=5.*shape \(samples, 5\), got \(1, 4\)"):
        layer.forward(np.ones((1, 3)))


def test_an_error_in_backward_says_which_layer() -> None:
    class Transposed(Tanh):
        def backward(self, upstream: np.ndarray) -> np.ndarray:
            return super().backward(upstream).T

    layer = Sequential(Dense(3, 4), Transposed())
    layer.forward(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"^layers\.0: Dense.*output's shape \(2, 4\), got \(4, 2\)"):
        layer.backward(np.ones((2, 4)))


def test_backward_before_forward_is_refused() -> None:
    layer = Sequential(Dense(3, 2))
    for backward in (layer.backward, layer.parameter_gradients):
        with pytest.raises(ValueError, match=r"Sequential\(Dense\(.*backward before forward"):
            backward(np.ones((1, 2)))


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((), "at least one layer"),
        ((Tanh,), r"which is not a Layer; did you mean Tanh\(...\)"),
        ((Tanh(), 3), "layer 1 is 3"),
    ],
)
def test_an_object_that_is_not_a_layer_is_refused(layers: tuple[Layer, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Sequential(*layers)


def test_the_same_layer_twice_is_refused() -> None:
    shared = Dense(2, 2)
    with pytest.raises(ValueError, match=r"layers\.0 and layers\.2\.layers\.0 are the same object Dense"):
        Sequential(shared, Tanh(), Sequential(shared))


def test_training_reaches_every_layer() -> None:
    inner = Tanh()
    layer = Sequential(Dense(2, 2), Sequential(inner))
    assert inner.training
    layer.training = False
    assert not inner.training
    assert not layer.layers[1].training


def test_float32_stays_float32() -> None:
    layer = Sequential(Dense(3, 2, dtype=np.float32), Tanh())
    assert layer.forward(np.ones((4, 3), np.float32)).dtype == np.float32
    assert layer.backward(np.ones((4, 2), np.float32)).dtype == np.float32
    assert {g.dtype.name for g in layer.grads.values()} == {"float32"}


def test_the_spec_is_plain_data() -> None:
    layer = Sequential(Dense(cast(int, np.int64(3)), 2), Tanh())
    assert layer.spec() == {
        "kind": "Sequential",
        "layers": [
            {"kind": "Dense", "inputs": 3, "outputs": 2, "bias": True, "scale": "glorot"},
            {"kind": "Tanh"},
        ],
    }
