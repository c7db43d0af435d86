"""The layers of a network are the parts of its subject; a mistake shows only in its own part."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import gradcheck
import gradcheck.nn as nn
from gradcheck.nn.layer import Array
from gradcheck.subjects.layer import INPUT
from gradcheck.subjects.network import NetworkSubject
from gradcheck.testing.cases import LAYER_CASES
from gradcheck.testing.pairs.example import example

X: NDArray[Any] = np.random.default_rng(0).standard_normal((6, 3))
Y: NDArray[Any] = np.random.default_rng(1).standard_normal((6, 2))


class Wrong(nn.Dense):
    """A dense layer with wrong factors in the gradients of its input and its bias."""

    def __init__(self, *sizes: int, input_factor: float = 1.0, bias_factor: float = 1.0) -> None:
        super().__init__(*sizes, rng=2)
        self.input_factor, self.bias_factor = input_factor, bias_factor

    def backward(self, upstream: Array) -> Array:
        downstream = super().backward(upstream)
        self.grads["b"] = self.bias_factor * self.grads["b"]
        return self.input_factor * downstream


def network(middle: nn.Layer) -> nn.Network:
    return nn.Network([nn.Dense(3, 4, rng=0), middle, nn.Tanh(), nn.Dense(4, 2, rng=1)], nn.MeanSquaredError())


def verdicts(model: nn.Network) -> dict[str, str]:
    subject = gradcheck.as_subject(model, batch=(X, Y))
    assert isinstance(subject, NetworkSubject)
    return {part.name: gradcheck.check_gradients(part, rng=0).verdict.value for part in subject.parts()}


def test_right_layers_pass() -> None:
    found = verdicts(network(nn.Dense(4, 4, rng=3)))
    layers = [f"layers.{i} ({kind})" for i, kind in enumerate(("Dense", "Dense", "Tanh", "Dense"))]
    assert found == dict.fromkeys([*layers, "loss (MeanSquaredError)"], "pass")


@pytest.mark.parametrize("mistake", [{"input_factor": 1.01}, {"input_factor": -1.0}, {"bias_factor": 2.0}])
def test_a_mistake_is_seen_in_its_own_layer_only(mistake: dict[str, float]) -> None:
    found = verdicts(network(Wrong(4, 4, **mistake)))
    assert [name for name, verdict in found.items() if verdict == "fail"] == ["layers.1 (Wrong)"]
    assert sorted(found.values()) == ["fail", *["pass"] * 4]


def test_inner_layers_are_parts_as_well() -> None:
    inner = nn.Residual(Wrong(4, 4, input_factor=0.5), nn.Tanh())
    found = verdicts(network(inner))
    assert found["layers.1.layers.0 (Wrong)"] == "fail"
    assert found["layers.1.layers.1 (Tanh)"] == "pass"
    assert found["layers.1 (Residual)"] == "fail"
    assert found["layers.0 (Dense)"] == found["layers.3 (Dense)"] == "pass"


@pytest.mark.parametrize("kind", LAYER_CASES)
def test_each_kind_of_layer_passes_on_its_own(kind: str) -> None:
    model, (inputs, targets) = example(kind, "MeanSquaredError", seed=1)
    for part in gradcheck.as_subject(model, batch=(inputs, targets)).parts():
        report = gradcheck.check_gradients(part, rng=0)
        assert report, f"{part.name}\n{report}"


def test_the_network_stays_as_it_is() -> None:
    model = nn.Network([nn.Dense(3, 4, rng=0), nn.BatchNorm(4), nn.Dropout(0.3), nn.Dense(4, 2)], nn.MeanSquaredError())
    before = {name: value.copy() for name, value in model.params.items()}
    norm = model.layers[1]
    assert isinstance(norm, nn.BatchNorm)
    mean = norm.running_mean.copy()
    for part in gradcheck.as_subject(model, batch=(X, Y)).parts():
        assert gradcheck.check_gradients(part, rng=0)
    assert "forward" not in vars(model.layers[0])
    np.testing.assert_array_equal(norm.running_mean, mean)
    for name, value in model.params.items():
        np.testing.assert_array_equal(value, before[name])


def test_a_check_restores_the_layers() -> None:
    norm, dropout = nn.BatchNorm(4), nn.Dropout(0.3, seed=1)
    model = nn.Network([nn.Dense(3, 4, rng=0), norm, dropout, nn.Dense(4, 2, rng=1)], nn.MeanSquaredError())
    model.loss(X, Y)
    mean, variance = norm.running_mean.copy(), norm.running_var.copy()
    found = model.layers[0].grads["W"].copy()
    output, target = model.layers[0]._cache, model.criterion._cache
    wrong = gradcheck.check_gradients(model, batch=(X[:3] + 1, Y[:3]), rng=0)
    assert wrong
    np.testing.assert_array_equal(norm.running_mean, mean)
    np.testing.assert_array_equal(norm.running_var, variance)
    np.testing.assert_array_equal(model.layers[0].grads["W"], found)
    assert model.layers[0]._cache is output
    assert model.criterion._cache is target


def test_arrays_and_generators_of_a_layer_are_restored() -> None:
    class Jittery(nn.Tanh):
        def __init__(self) -> None:
            super().__init__()
            self.rng, self.total = np.random.default_rng(5), np.zeros(1)

        def forward(self, x: Array) -> Array:
            self.total += x.sum()
            self.drawn = self.rng.random()
            return super().forward(x)

    layer = Jittery()
    model = nn.Network([nn.Dense(3, 2, rng=0), layer], nn.MeanSquaredError())
    assert gradcheck.check_gradients(model, batch=(X, Y), rng=0)
    assert layer.total[0] == 0
    assert not hasattr(layer, "drawn")
    assert layer.rng.random() == np.random.default_rng(5).random()


@pytest.mark.parametrize(
    "inner",
    [
        nn.Sequential(nn.Embedding(6, 5, rng=0), nn.Tanh()),
        nn.Sequential(nn.Reshape((2,)), nn.Embedding(6, 5, rng=0)),
        nn.Concatenate([nn.Embedding(6, 2, rng=0), nn.Embedding(6, 3, rng=1)], axis=-1),
    ],
)
def test_indices_pass_through_containers(inner: nn.Layer) -> None:
    model = nn.Network([inner, nn.Flatten(), nn.Dense(10, 2, rng=2)], nn.MeanSquaredError())
    indices = np.array([[0, 5], [2, 2], [1, 3]])
    parts = list(gradcheck.as_subject(model, batch=(indices, Y[:3])).parts())
    assert [part.name for part in parts if INPUT not in [block.name for block in part.blocks]]
    for part in parts:
        assert not part.parallel
        assert gradcheck.check_gradients(part, rng=0), part.name


def test_a_table_of_vectors_has_no_input_to_differentiate_by() -> None:
    model, batch = example("Embedding", "MeanSquaredError", seed=0)
    part = next(gradcheck.as_subject(model, batch=batch).parts())
    assert [block.name for block in part.blocks] == ["W"]
