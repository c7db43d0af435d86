from __future__ import annotations

import numpy as np
import pytest

from gradcheck.nn.layers.flatten import Flatten
from tests.nn.reference import assert_layer_agrees


@pytest.mark.parametrize("shape", [(4, 3), (1, 1), (5,), (2, 3, 4, 5), (1, 3, 1)])
def test_agrees_with_torch(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).standard_normal(shape)
    assert_layer_agrees(Flatten(), lambda x, _: x.reshape(shape[0], -1), x)


def test_arrays_in_another_order_of_memory() -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 4)).transpose(0, 2, 1)
    assert_layer_agrees(Flatten(), lambda x, _: x.flatten(1), x)


def test_float32_stays_float32() -> None:
    layer = Flatten()
    assert layer.forward(np.ones((4, 3, 2), np.float32)).dtype == np.float32
    assert layer.backward(np.ones((4, 6), np.float32)).dtype == np.float32


def test_bad_input_is_named() -> None:
    layer = Flatten()
    with pytest.raises(ValueError, match=r"Flatten\(\): got an empty input of shape \(0, 3\)"):
        layer.forward(np.ones((0, 3)))
    layer.forward(np.ones((4, 3, 2)))
    with pytest.raises(ValueError, match=r"output's shape \(4, 6\), got \(4, 3, 2\)"):
        layer.backward(np.ones((4, 3, 2)))
