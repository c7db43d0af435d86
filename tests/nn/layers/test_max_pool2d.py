from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.nn.layers.max_pool2d import MaxPool2D
from tests.nn.layers.pooling import IMAGES, image
from tests.nn.reference import assert_layer_agrees, torch


def _theirs(x: Any, arguments: dict[str, Any]) -> Any:
    others = {"kernel_size" if name == "size" else name: value for name, value in arguments.items()}
    return torch.max_pool2d(x, **others)


@pytest.mark.parametrize(("shape", "arguments"), IMAGES)
def test_agrees_with_torch(shape: tuple[int, ...], arguments: dict[str, Any]) -> None:
    assert_layer_agrees(MaxPool2D(**arguments), lambda x, p: _theirs(x, arguments), image(shape))


@pytest.mark.parametrize(("shape", "arguments"), IMAGES)
def test_agrees_with_torch_where_numbers_are_equal(shape: tuple[int, ...], arguments: dict[str, Any]) -> None:
    x = np.random.default_rng(0).integers(-2, 0, shape).astype(float)
    assert_layer_agrees(MaxPool2D(**arguments), lambda x, p: _theirs(x, arguments), x)


def test_each_side_has_padding_of_its_own() -> None:
    x = image((2, 2, 4, 5))

    def theirs(x: Any, _: Any) -> Any:
        return torch.max_pool2d(torch.nn.functional.pad(x, (1, 2, 2, 0), value=-torch.inf), 3, 2)

    assert_layer_agrees(MaxPool2D(3, stride=2, padding=((2, 0), (1, 2))), theirs, x)


def test_nan_propagates() -> None:
    x = np.zeros((1, 1, 2, 2))
    x[0, 0, 1, 0] = np.nan
    layer = MaxPool2D(2)
    assert np.isnan(layer.forward(x)).all()
    np.testing.assert_array_equal(layer.backward(np.ones((1, 1, 1, 1)))[0, 0], [[0.0, 0.0], [1.0, 0.0]])


def test_float32_stays_float32() -> None:
    layer = MaxPool2D(3, stride=2, padding=1)
    y = layer.forward(np.ones((2, 3, 5, 5), np.float32))
    assert y.dtype == np.float32
    assert layer.backward(np.ones_like(y)).dtype == np.float32


def test_spec_makes_the_same_layer() -> None:
    spec = MaxPool2D((3, 2), padding=((1, 0), 1)).spec()
    assert spec == {"kind": "MaxPool2D", "size": (3, 2), "stride": None, "padding": ((1, 0), 1)}


def test_bad_input_is_named() -> None:
    layer = MaxPool2D(3)
    with pytest.raises(ValueError, match=r"MaxPool2D\(size=3.*\(samples, channels, height, width\), got \(3, 4, 4\)"):
        layer.forward(np.ones((3, 4, 4)))
    with pytest.raises(ValueError, match=r"size \(3, 3\), which is larger than an input of shape \(1, 1, 3, 2\)"):
        layer.forward(np.ones((1, 1, 3, 2)))
    with pytest.raises(ValueError, match="empty"):
        layer.forward(np.ones((1, 0, 3, 3)))
    with pytest.raises(ValueError, match="backward before forward"):
        layer.backward(np.ones((1, 1, 1, 1)))
    with pytest.raises(ValueError, match=r"MaxPool2D: padding must be smaller than the size, .* got 3 with size=3"):
        MaxPool2D(3, padding=3)
    with pytest.raises(ValueError, match="MaxPool2D: stride must be a positive whole number, or a tuple of 2, got 0"):
        MaxPool2D(3, stride=0)
    with pytest.raises(ValueError, match="MaxPool2D: padding must be"):
        MaxPool2D(3, padding="same")  # type: ignore[arg-type]
