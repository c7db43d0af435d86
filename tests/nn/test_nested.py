from __future__ import annotations

import copy

import numpy as np
import pytest

from gradcheck.nn.activations.tanh import Tanh
from gradcheck.nn.layers.dense import Dense
from gradcheck.nn.layers.residual import Residual
from gradcheck.nn.layers.sequential import Sequential


def network() -> Sequential:
    return Sequential(Dense(2, 2, rng=0), Residual(Tanh(), Dense(2, 2, rng=1)))


def test_names_are_paths_of_layers() -> None:
    params = network().params
    assert list(params) == ["layers.0.W", "layers.0.b", "layers.1.layers.1.W", "layers.1.layers.1.b"]
    assert len(params) == 4
    assert "layers.1.layers.1.b" in params
    assert "layers.1.layers.0.W" not in params


def test_names_of_eleven_layers_are_distinct() -> None:
    layer = Sequential(*(Dense(2, 2) for _ in range(11)))
    for number in (1, 10):
        assert layer.params[f"layers.{number}.W"] is layer.layers[number].params["W"]


def test_writing_into_an_array_changes_the_layer() -> None:
    layer = network()
    x = np.ones((1, 2))
    before = layer.forward(x)
    layer.params["layers.1.layers.1.b"][...] += 1.0
    np.testing.assert_allclose(layer.forward(x), before + 1.0)


def test_an_assigned_array_is_used() -> None:
    layer = Sequential(Dense(2, 2, dtype=np.float32))
    wide = np.full((2, 2), 1.0 + 1e-12)
    layer.params["layers.0.W"] = wide
    layer.params["layers.0.b"] = np.zeros(2)
    assert layer.params["layers.0.W"] is wide
    np.testing.assert_array_equal(layer.forward(np.eye(2)), wide)


@pytest.mark.parametrize("value", [np.ones((2, 3)), np.ones((2, 2), int), 1.0])
def test_an_array_that_does_not_fit_is_refused(value: np.ndarray) -> None:
    with pytest.raises(
        ValueError, match=r"'layers\.0\.layers\.0\.W' takes an array of floating-point numbers of shape \(2, 2\)"
    ):
        Sequential(network()).params["layers.0.layers.0.W"] = value


def test_names_are_fixed() -> None:
    params = network().params
    with pytest.raises(KeyError, match=r"no 'layers\.0\.w'; the names are layers\.0\.W, layers\.0\.b"):
        params["layers.0.w"] = np.ones((2, 2))
    with pytest.raises(KeyError, match="no 'W'"):
        params["W"]
    with pytest.raises(TypeError, match=r"'layers\.0\.W' cannot be removed"):
        del params["layers.0.W"]


def test_a_mapping_that_a_layer_replaces_is_used() -> None:
    layer = network()
    layer.layers[0].params = {"W": np.zeros((2, 2)), "b": np.ones(2)}
    np.testing.assert_array_equal(layer.params["layers.0.b"], np.ones(2))


def test_gradients_appear_with_the_first_backward() -> None:
    layer = network()
    assert not layer.grads
    layer.forward(np.ones((1, 2)))
    layer.backward(np.ones((1, 2)))
    assert set(layer.grads) == set(layer.params)


def test_a_copy_has_parameters_of_its_own() -> None:
    layer = network()
    other = copy.deepcopy(layer)
    other.params["layers.0.W"][...] = 0.0
    assert layer.params["layers.0.W"].all()
    assert other.layers[0].params["W"] is other.params["layers.0.W"]


def test_shapes_and_types_are_shown() -> None:
    assert repr(Sequential(Dense(2, 3)).params) == "{'layers.0.W': float64 (2, 3), 'layers.0.b': float64 (3,)}"
