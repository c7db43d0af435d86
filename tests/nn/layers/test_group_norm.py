from __future__ import annotations

import numpy as np
import pytest

from gradcheck.nn.layers.group_norm import GroupNorm
from tests.nn.reference import assert_layer_agrees, redraw, torch


@pytest.mark.parametrize(
    ("shape", "groups"),
    [
        ((3, 4), 2),
        ((1, 2), 1),
        ((2, 3, 1), 1),
        ((2, 6, 5), 3),
        ((2, 4, 3, 2), 2),
        ((1, 4, 3, 3), 4),
        ((2, 3, 2, 2, 2), 1),
    ],
)
def test_agrees_with_torch(shape: tuple[int, ...], groups: int) -> None:
    layer = GroupNorm(groups, shape[1], epsilon=1e-3)
    redraw(layer)
    x = 3.0 + 2.0 * np.random.default_rng(0).standard_normal(shape)
    assert_layer_agrees(
        layer, lambda x, p: torch.nn.functional.group_norm(x, groups, p["gamma"], p["beta"], eps=1e-3), x
    )


def test_a_group_of_one_number_becomes_beta() -> None:
    layer = GroupNorm(2, 2)
    redraw(layer)
    x = np.random.default_rng(0).standard_normal((3, 2))
    np.testing.assert_array_equal(layer.forward(x), np.tile(layer.params["beta"], (3, 1)))
    np.testing.assert_array_equal(layer.backward(x), np.zeros((3, 2)))


def test_large_numbers_do_not_overflow() -> None:
    x = 1e300 * np.array([[1.0, 3.0, 5.0, 5.0]])
    layer = GroupNorm(2, 4)
    np.testing.assert_allclose(layer.forward(x), [[-1.0, 1.0, 0.0, 0.0]], rtol=1e-12)
    assert np.isfinite(layer.backward(np.ones((1, 4)))).all()


def test_float32_stays_float32() -> None:
    layer = GroupNorm(2, 4, dtype=np.float32)
    y = layer.forward(np.ones((2, 4, 3), np.float32))
    assert y.dtype == np.float32
    assert layer.backward(y).dtype == np.float32
    assert {g.dtype.name for g in layer.grads.values()} == {"float32"}


def test_bad_input_is_named() -> None:
    layer = GroupNorm(2, 4)
    with pytest.raises(ValueError, match=r"GroupNorm\(groups=2, features=4.*\(samples, 4, \.\.\.\), got \(4, 2\)"):
        layer.forward(np.ones((4, 2)))
    with pytest.raises(ValueError, match="backward before forward"):
        layer.backward(np.ones((4, 4)))
    with pytest.raises(ValueError, match="GroupNorm: features must be a multiple of groups = 3, got 4"):
        GroupNorm(3, 4)
    with pytest.raises(ValueError, match="GroupNorm: groups must be a positive whole number, got 0"):
        GroupNorm(0, 4)
