from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.nn.activations.sigmoid import Sigmoid
from gradcheck.nn.fused.sigmoid_binary_cross_entropy import sigmoid_binary_cross_entropy
from gradcheck.nn.losses.binary_cross_entropy import BinaryCrossEntropy
from tests.nn.reference import assert_close, tensor, torch

SHAPES = [(4, 3), (1, 1), (5,), (2, 3, 4)]


def batch(shape: tuple[int, ...]) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return 2 * rng.standard_normal(shape), rng.uniform(size=shape)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("soft", [True, False])
def test_equals_the_two_one_after_the_other(shape: tuple[int, ...], soft: bool) -> None:
    z, y = batch(shape)
    y = y if soft else y.round()
    sigmoid, loss = Sigmoid(), BinaryCrossEntropy()
    value, gradient = sigmoid_binary_cross_entropy(z, y)
    assert_close(value, loss(sigmoid.forward(z), y))
    assert_close(gradient, sigmoid.backward(loss.backward()))


@pytest.mark.parametrize("shape", SHAPES)
def test_agrees_with_torch(shape: tuple[int, ...]) -> None:
    z, y = batch(shape)
    given = tensor(z, grad=True)
    theirs = torch.nn.functional.binary_cross_entropy(torch.sigmoid(given), tensor(y))
    theirs.backward()
    value, gradient = sigmoid_binary_cross_entropy(z, y)
    assert_close(value, theirs)
    assert_close(gradient, given.grad)


def test_stays_finite_where_the_two_do_not() -> None:
    z, y = np.array([1000.0, -1000.0, 1000.0, -1000.0]), np.array([0.0, 1.0, 1.0, 0.0])
    value, gradient = sigmoid_binary_cross_entropy(z, y)
    assert value == 500.0
    np.testing.assert_array_equal(gradient, [0.25, -0.25, 0.0, 0.0])
    with pytest.raises(ValueError, match="probability 0"):
        BinaryCrossEntropy()(Sigmoid().forward(z), y)
    given = tensor(z, grad=True)
    p = torch.sigmoid(given)
    textbook = -(tensor(y) * p.log() + (1 - tensor(y)) * (1 - p).log()).mean()
    textbook.backward()
    assert not np.isfinite(textbook.item())
    assert not np.isfinite(given.grad.numpy()).all()


def bce(p: Any, y: Any) -> Any:
    return -(y * p.log() + (1 - y) * (1 - p).log())


@pytest.mark.parametrize(
    "loss",
    [
        pytest.param(lambda z, y: bce(torch.sigmoid(z / 2), y).mean(), id="temperature"),
        pytest.param(lambda z, y: (torch.arange(1, 5)[:, None] * bce(torch.sigmoid(z), y)).mean(), id="weights"),
        pytest.param(lambda z, y: bce(torch.sigmoid(z).clamp(0.3, 0.7), y).mean(), id="clipped"),
        pytest.param(lambda z, y: bce(0.98 * torch.sigmoid(z) + 0.01, y).mean(), id="eps"),
        pytest.param(lambda z, y: bce(torch.sigmoid(z), y).sum(1).mean(), id="sum over outputs"),
        pytest.param(lambda z, y: (torch.sigmoid(z) - y).square().mean(), id="squared error"),
        pytest.param(lambda z, y: bce((torch.tanh(z) + 1) / 2, y).mean(), id="tanh"),
        pytest.param(
            lambda z, y: bce(torch.sigmoid(z), y).mean() + torch.sigmoid(z).square().mean(), id="another consumer"
        ),
    ],
)
def test_is_wrong_where_an_assumption_is_broken(loss: Callable[[Any, Any], Any]) -> None:
    z, y = batch((4, 3))
    given = tensor(z, grad=True)
    loss(given, tensor(y)).backward()
    assert np.abs(sigmoid_binary_cross_entropy(z, y)[1] - given.grad.numpy()).max() > 1e-3


def test_a_second_sigmoid_derivative_shrinks_the_gradient() -> None:
    z, y = batch((4, 3))
    sigmoid = Sigmoid()
    sigmoid.forward(z)
    gradient = sigmoid_binary_cross_entropy(z, y)[1]
    twice = sigmoid.backward(gradient)
    np.testing.assert_array_equal(np.sign(twice), np.sign(gradient))
    assert (np.abs(twice) <= np.abs(gradient) / 4).all()


def test_float32_stays_float32() -> None:
    assert sigmoid_binary_cross_entropy(np.ones((2, 3), np.float32), np.ones((2, 3)))[1].dtype == np.float32


@pytest.mark.parametrize(
    ("labels", "message"), [([[0.0, 2.0]], "between 0 and 1, got 2"), ([0.0, 1.0], r"shape \(1, 2\), got \(2,\)")]
)
def test_bad_labels_are_named(labels: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sigmoid_binary_cross_entropy([[1.0, 2.0]], labels)
