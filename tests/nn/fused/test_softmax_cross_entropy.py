from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.nn.activations.softmax import Softmax
from gradcheck.nn.fused.softmax_cross_entropy import softmax_cross_entropy
from gradcheck.nn.losses.cross_entropy import CrossEntropy
from tests.nn.losses.classes import shares
from tests.nn.reference import assert_close, tensor, torch

SHAPES = [(4, 3), (1, 1), (1, 5), (6, 2)]


def batch(shape: tuple[int, ...]) -> tuple[Any, Any]:
    return 2 * np.random.default_rng(0).standard_normal(shape), shares(shape, 1)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("soft", [True, False])
def test_equals_the_two_one_after_the_other(shape: tuple[int, ...], soft: bool) -> None:
    z, y = batch(shape)
    y = y if soft else np.eye(shape[1])[y.argmax(axis=1)]
    softmax, loss = Softmax(), CrossEntropy()
    value, gradient = softmax_cross_entropy(z, y)
    assert_close(value, loss(softmax.forward(z), y))
    assert_close(gradient, softmax.backward(loss.backward()))


@pytest.mark.parametrize("shape", SHAPES)
def test_agrees_with_torch(shape: tuple[int, ...]) -> None:
    z, y = batch(shape)
    given = tensor(z, grad=True)
    theirs = torch.nn.functional.cross_entropy(given, tensor(y))
    theirs.backward()
    value, gradient = softmax_cross_entropy(z, y)
    assert_close(value, theirs)
    assert_close(gradient, given.grad)


def test_stays_finite_where_the_two_do_not() -> None:
    z, y = np.array([[1000.0, -1000.0], [-1000.0, 1000.0]]), np.array([[0.0, 1.0], [0.0, 1.0]])
    value, gradient = softmax_cross_entropy(z, y)
    assert value == 1000.0
    np.testing.assert_array_equal(gradient, [[0.5, -0.5], [0.0, 0.0]])
    with pytest.raises(ValueError, match="probability 0"):
        CrossEntropy()(Softmax().forward(z), y)
    given = tensor(z, grad=True)
    textbook = -(tensor(y) * torch.softmax(given, 1).log()).sum(1).mean()
    textbook.backward()
    assert not np.isfinite(textbook.item())
    assert not np.isfinite(given.grad.numpy()).all()


def cross_entropy(p: Any, y: Any) -> Any:
    return -(y * p.log()).sum(1)


@pytest.mark.parametrize(
    "loss",
    [
        pytest.param(lambda z, y: cross_entropy(torch.softmax(z / 2, 1), y).mean(), id="temperature"),
        pytest.param(lambda z, y: (torch.arange(1, 5) * cross_entropy(torch.softmax(z, 1), y)).mean(), id="weights"),
        pytest.param(
            lambda z, y: cross_entropy(torch.softmax(z, 1), torch.arange(1, 4) * y).mean(), id="weights of classes"
        ),
        pytest.param(lambda z, y: cross_entropy(torch.softmax(z, 1).clamp(0.3, 0.7), y).mean(), id="clipped"),
        pytest.param(lambda z, y: cross_entropy(torch.softmax(z, 1) + 0.01, y).mean(), id="eps"),
        pytest.param(lambda z, y: cross_entropy(torch.softmax(z, 1), y).mean() / 3, id="mean over classes"),
        pytest.param(lambda z, y: cross_entropy(torch.sigmoid(z), y).mean(), id="sigmoid"),
        pytest.param(lambda z, y: cross_entropy(torch.softmax(z, 0), y).mean(), id="axis"),
        pytest.param(
            lambda z, y: cross_entropy(torch.softmax(z, 1), y).mean() + torch.softmax(z, 1).square().mean(),
            id="another consumer",
        ),
    ],
)
def test_is_wrong_where_an_assumption_is_broken(loss: Callable[[Any, Any], Any]) -> None:
    z, y = batch((4, 3))
    given = tensor(z, grad=True)
    loss(given, tensor(y)).backward()
    assert np.abs(softmax_cross_entropy(z, y)[1] - given.grad.numpy()).max() > 1e-3


def test_labels_that_do_not_sum_to_one_are_refused() -> None:
    z, y = batch((4, 3))[0], np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
    given = tensor(z, grad=True)
    cross_entropy(torch.softmax(given, 1), tensor(y)).mean().backward()
    shortcut = (Softmax().forward(z) - y) / 4
    off = np.abs(shortcut - given.grad.numpy()).max(axis=1)
    assert off[1] < 1e-15
    assert (off[[0, 2, 3]] > 1e-2).all()
    with pytest.raises(ValueError, match="sum to 1 over the classes"):
        softmax_cross_entropy(z, y)


def test_a_second_softmax_derivative_shrinks_the_gradient() -> None:
    z, y = batch((4, 3))
    softmax = Softmax()
    softmax.forward(z)
    gradient = softmax_cross_entropy(z, y)[1]
    twice = softmax.backward(gradient)
    lengths = np.linalg.norm(gradient, axis=1), np.linalg.norm(twice, axis=1)
    assert ((gradient * twice).sum(axis=1) > 0).all()
    assert (lengths[1] <= lengths[0] / 2).all()


def test_float32_stays_float32() -> None:
    labels = shares((50, 10), 0).astype(np.float32)
    assert softmax_cross_entropy(np.ones((50, 10), np.float32), labels)[1].dtype == np.float32
    assert softmax_cross_entropy(np.ones((50, 10)), shares((50, 10), 0))[1].dtype == np.float64


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        ([[1.0, 2.0]], [0], r"same shape \(samples, classes\), got \(1, 2\) and \(1,\)"),
        ([1.0, 2.0], [0.0, 1.0], r"same shape \(samples, classes\), got \(2,\) and \(2,\)"),
        ([[1.0, 2.0]], [[0.5, 0.49]], "otherwise p - y is not the gradient; got a sum of 0.99"),
        ([[1.0, 2.0]], [[-0.5, 1.5]], "between 0 and 1, got -0.5"),
    ],
)
def test_bad_input_is_named(logits: Any, labels: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        softmax_cross_entropy(logits, labels)
