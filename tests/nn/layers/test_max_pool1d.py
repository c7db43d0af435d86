from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.nn.layers.max_pool1d import MaxPool1D
from tests.nn.layers.pooling import SIGNALS, image
from tests.nn.reference import assert_layer_agrees, torch


def _theirs(x: Any, arguments: dict[str, Any]) -> Any:
    others = {"kernel_size" if name == "size" else name: value for name, value in arguments.items()}
    return torch.max_pool1d(x, **others)


@pytest.mark.parametrize(("shape", "arguments"), SIGNALS)
def test_agrees_with_torch(shape: tuple[int, ...], arguments: dict[str, Any]) -> None:
    assert_layer_agrees(MaxPool1D(**arguments), lambda x, p: _theirs(x, arguments), image(shape))


@pytest.mark.parametrize(("shape", "arguments"), SIGNALS)
def test_agrees_with_torch_where_numbers_are_equal(shape: tuple[int, ...], arguments: dict[str, Any]) -> None:
    x = np.random.default_rng(0).integers(-2, 0, shape).astype(float)
    assert_layer_agrees(MaxPool1D(**arguments), lambda x, p: _theirs(x, arguments), x)


def test_float32_stays_float32() -> None:
    layer = MaxPool1D(2)
    y = layer.forward(np.ones((2, 3, 4), np.float32))
    assert y.dtype == np.float32
    assert layer.backward(np.ones_like(y)).dtype == np.float32


def test_bad_input_is_named() -> None:
    layer = MaxPool1D(3)
    with pytest.raises(ValueError, match=r"MaxPool1D\(size=3.*\(samples, channels, length\), got \(3, 4\)"):
        layer.forward(np.ones((3, 4)))
    with pytest.raises(ValueError, match=r"size \(3,\), which is larger than an input of shape \(1, 1, 2\)"):
        layer.forward(np.ones((1, 1, 2)))
    with pytest.raises(ValueError, match="MaxPool1D: size must be a positive whole number, got 0"):
        MaxPool1D(0)
