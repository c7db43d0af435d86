from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.nn.layers.batch_norm import BatchNorm
from tests.nn.reference import assert_close, assert_layer_agrees, redraw, torch

SHAPES = [(4, 3), (2, 1), (7, 2, 1), (1, 3, 2), (3, 2, 4), (2, 3, 4, 5), (1, 1, 1, 2), (2, 2, 2, 3, 2)]


def _theirs(mean: Any, var: Any, *, training: bool, momentum: float = 0.1, epsilon: float = 1e-5) -> Any:
    """PyTorch's; it moves the running averages it is given."""

    def function(x: Any, params: dict[str, Any]) -> Any:
        return torch.nn.functional.batch_norm(
            x, mean, var, params["gamma"], params["beta"], training=training, momentum=momentum, eps=epsilon
        )

    return function


def _running(features: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(5)
    return torch.tensor(rng.standard_normal(features)), torch.tensor(rng.uniform(0.5, 2.0, features))


@pytest.mark.parametrize("shape", SHAPES)
def test_training_agrees_with_torch(shape: tuple[int, ...]) -> None:
    layer = BatchNorm(shape[1], momentum=0.3, epsilon=1e-3)
    redraw(layer)
    mean, var = _running(shape[1])
    layer.running_mean, layer.running_var = mean.numpy().copy(), var.numpy().copy()
    x = 3.0 + 2.0 * np.random.default_rng(0).standard_normal(shape)
    assert_layer_agrees(layer, _theirs(mean, var, training=True, momentum=0.3, epsilon=1e-3), x)
    assert_close(layer.running_mean, mean, "running mean")
    assert_close(layer.running_var, var, "running variance")


@pytest.mark.parametrize("shape", [*SHAPES, (1, 3), (1, 2, 1, 1)])
def test_use_agrees_with_torch(shape: tuple[int, ...]) -> None:
    layer = BatchNorm(shape[1])
    redraw(layer)
    mean, var = _running(shape[1])
    layer.running_mean, layer.running_var = mean.numpy().copy(), var.numpy().copy()
    layer.training = False
    x = np.random.default_rng(0).standard_normal(shape)
    assert_layer_agrees(layer, _theirs(mean, var, training=False), x)
    np.testing.assert_array_equal(layer.running_mean, mean.numpy())
    np.testing.assert_array_equal(layer.running_var, var.numpy())


def test_running_averages_start_as_in_torch() -> None:
    theirs = torch.nn.BatchNorm1d(2)
    layer = BatchNorm(2)
    for seed in range(3):
        x = np.random.default_rng(seed).standard_normal((5, 2))
        layer.forward(x)
        theirs(torch.tensor(x, dtype=torch.float32))
    np.testing.assert_allclose(layer.running_mean, theirs.running_mean, rtol=1e-5)
    np.testing.assert_allclose(layer.running_var, theirs.running_var, rtol=1e-5)


def test_running_averages_change_no_output_in_training() -> None:
    layer = BatchNorm(2)
    x = np.random.default_rng(0).standard_normal((5, 2))
    np.testing.assert_array_equal(layer.forward(x), layer.forward(x))
    assert set(layer.params) == {"gamma", "beta"}


def test_backward_belongs_to_the_forward_before_it() -> None:
    layer = BatchNorm(2)
    x = np.random.default_rng(0).standard_normal((5, 2))
    upstream = np.random.default_rng(1).standard_normal((5, 2))
    layer.forward(x)
    expected = layer.backward(upstream)
    layer.training = False
    np.testing.assert_array_equal(layer.backward(upstream), expected)
    assert np.abs(expected.sum(axis=0)).max() < 1e-12


@pytest.mark.parametrize("factor", [1e160, 1e300, 2.0**1021])
def test_large_numbers_do_not_overflow(factor: float) -> None:
    x, upstream = np.random.default_rng(0).standard_normal((2, 6, 2))
    layer, small = BatchNorm(2), BatchNorm(2, epsilon=1e-30)
    np.testing.assert_allclose(layer.forward(factor * x), small.forward(x), rtol=1e-12)
    np.testing.assert_allclose(factor * layer.backward(upstream), small.backward(upstream), rtol=1e-10)
    np.testing.assert_allclose(layer.running_mean, factor * small.running_mean, rtol=1e-12)
    assert np.isfinite(layer.running_var).all()


@pytest.mark.parametrize("value", [0.0, 1e15 / 3, -1e200, np.finfo(float).max])
def test_equal_numbers_become_zero(value: float) -> None:
    layer = BatchNorm(1)
    np.testing.assert_array_equal(layer.forward(np.full((5, 1), value)), np.zeros((5, 1)))
    assert np.isfinite(layer.backward(np.arange(5.0).reshape(5, 1))).all()
    assert np.isfinite([layer.running_mean, layer.running_var]).all()


def test_float32_is_precise() -> None:
    x = (100.0 + np.random.default_rng(0).standard_normal((100_000, 2))).astype(np.float32)
    mine = BatchNorm(2, dtype=np.float32)
    wide = x.astype(np.float64)
    expected = (wide - wide.mean(axis=0)) / np.sqrt(wide.var(axis=0) + 1e-5)
    y = mine.forward(x)
    assert y.dtype == np.float32
    assert np.abs(y - expected).max() < 1e-5
    assert mine.backward(y).dtype == np.float32
    assert {g.dtype.name for g in mine.grads.values()} == {"float32"}
    assert mine.running_mean.dtype == mine.running_var.dtype == np.float32
    mine.training = False
    assert mine.forward(x).dtype == np.float32
    assert mine.backward(x).dtype == np.float32


def test_bad_input_is_named() -> None:
    layer = BatchNorm(3)
    with pytest.raises(ValueError, match=r"BatchNorm\(features=3.*one number for each feature, .* needs two"):
        layer.forward(np.ones((1, 3)))
    with pytest.raises(ValueError, match="one number for each feature"):
        layer.forward(np.ones((1, 3, 1, 1)))
    with pytest.raises(ValueError, match=r"shape \(samples, 3, \.\.\.\), got \(2, 4\)"):
        layer.forward(np.ones((2, 4)))
    with pytest.raises(ValueError, match="takes an input of shape"):
        layer.forward(np.ones(3))
    with pytest.raises(ValueError, match="empty"):
        layer.forward(np.ones((0, 3)))
    with pytest.raises(ValueError, match="backward before forward"):
        layer.backward(np.ones((2, 3)))
    with pytest.raises(ValueError, match="BatchNorm: momentum must be a number from 0 to 1, got 2"):
        BatchNorm(3, momentum=2)
    with pytest.raises(ValueError, match="BatchNorm: epsilon must be a positive finite number, got 0"):
        BatchNorm(3, epsilon=0)
    with pytest.raises(ValueError, match="BatchNorm: features must be a positive whole number, got 0"):
        BatchNorm(0)
