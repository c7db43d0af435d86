from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.nn.layers.average_pool2d import AveragePool2D
from tests.nn.layers.pooling import IMAGES, image
from tests.nn.reference import assert_layer_agrees, torch


@pytest.mark.parametrize("include_padding", [True, False])
@pytest.mark.parametrize(("shape", "arguments"), IMAGES)
def test_agrees_with_torch(shape: tuple[int, ...], arguments: dict[str, Any], include_padding: bool) -> None:
    others = {"kernel_size" if name == "size" else name: value for name, value in arguments.items()}
    assert_layer_agrees(
        AveragePool2D(**arguments, include_padding=include_padding),
        lambda x, p: torch.nn.functional.avg_pool2d(x, **others, count_include_pad=include_padding),
        image(shape),
    )


def test_each_side_has_padding_of_its_own() -> None:
    def theirs(x: Any, _: Any) -> Any:
        return torch.nn.functional.avg_pool2d(torch.nn.functional.pad(x, (1, 2, 2, 0)), 3, 2)

    assert_layer_agrees(AveragePool2D(3, stride=2, padding=((2, 0), (1, 2))), theirs, image((2, 2, 4, 5)))


def test_the_mean_of_large_numbers_does_not_overflow() -> None:
    x = np.full((1, 1, 2, 2), 1.5e308)
    np.testing.assert_allclose(AveragePool2D(2).forward(x), [[[[1.5e308]]]], rtol=1e-15)
    np.testing.assert_allclose(AveragePool2D(2, padding=1, include_padding=False).forward(x), x, rtol=1e-15)


def test_float32_stays_float32() -> None:
    for include_padding in (True, False):
        layer = AveragePool2D(3, stride=2, padding=1, include_padding=include_padding)
        y = layer.forward(np.ones((2, 3, 5, 5), np.float32))
        assert y.dtype == np.float32
        assert layer.backward(np.ones_like(y)).dtype == np.float32


def test_spec_makes_the_same_layer() -> None:
    layer = AveragePool2D((3, 2), stride=1, padding=1, include_padding=False)
    spec = layer.spec()
    assert spec.pop("kind") == "AveragePool2D"
    assert AveragePool2D(**spec).spec() == layer.spec()


def test_bad_input_is_named() -> None:
    layer = AveragePool2D(3)
    with pytest.raises(ValueError, match=r"AveragePool2D\(size=3.*\(samples, channels, height, width\), got \(3, 4\)"):
        layer.forward(np.ones((3, 4)))
    with pytest.raises(ValueError, match=r"size \(3, 3\), which is larger than an input of shape \(1, 1, 3, 2\)"):
        layer.forward(np.ones((1, 1, 3, 2)))
    with pytest.raises(ValueError, match="AveragePool2D: padding must be smaller than the size"):
        AveragePool2D((3, 1), padding=1)
