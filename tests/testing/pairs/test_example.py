"""The example network of a layer with a loss shows every mistake in what the layer passes down."""

from __future__ import annotations

import numpy as np
import pytest

import gradcheck
from gradcheck import Verdict
from gradcheck.nn.kinds import ACTIVATIONS, LAYERS
from gradcheck.nn.layer import Array
from gradcheck.testing.pairs.example import compatible, example

WITH_INPUT_GRADIENT = [kind for kind in (*LAYERS, *ACTIVATIONS) if kind != "Embedding"]


@pytest.mark.parametrize("loss", ["MeanSquaredError", "Huber", "CrossEntropyWithLogits"])
@pytest.mark.parametrize("layer", WITH_INPUT_GRADIENT)
def test_one_wrong_entry_of_an_input_gradient_is_seen(layer: str, loss: str) -> None:
    network, batch = example(layer, loss, seed=0)
    faulty = next(inner for inner in network.layers if type(inner).__name__ == layer and inner is not network.layers[0])
    right = faulty.backward

    def backward(upstream: Array) -> Array:
        downstream = right(upstream).copy()
        downstream.flat[np.abs(downstream).argmax()] *= 1.01
        return downstream

    assert gradcheck.check_gradients(network, batch=batch, rng=0)
    faulty.backward = backward  # type: ignore[method-assign]
    report = gradcheck.check_gradients(network, batch=batch, rng=0)
    assert report.verdict is Verdict.FAIL
    assert {name.split(".")[1] for name, block in report.blocks.items() if block.verdict is Verdict.FAIL} == {"0"}


@pytest.mark.parametrize("layer", WITH_INPUT_GRADIENT)
def test_no_mistake_in_an_input_gradient_is_invisible(layer: str) -> None:
    """The first layer's gradients are [X 1]ᵀ·δ: they show every error of δ if the rows of [X 1] are independent."""
    _, (X, _) = example(layer, "Huber", seed=0)
    assert np.linalg.matrix_rank(np.column_stack([X, np.ones(len(X))])) == len(X)


def test_an_activation_must_give_what_the_loss_requires() -> None:
    assert compatible("Sigmoid", "BinaryCrossEntropy")
    assert compatible("Softmax", "BinaryCrossEntropy")
    assert not compatible("ReLU", "BinaryCrossEntropy")
    assert not compatible("Sigmoid", "CrossEntropy")
    assert compatible("ReLU", "Huber")
    assert compatible("Dense", "CrossEntropy"), "a softmax comes between"


def test_no_parameter_is_at_a_special_value() -> None:
    network, _ = example("BatchNorm", "Huber", seed=0)
    for value in network.params.values():
        assert not np.isin(value, [0.0, 1.0]).any()
