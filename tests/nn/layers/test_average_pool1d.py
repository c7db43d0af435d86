from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.nn.layers.average_pool1d import AveragePool1D
from tests.nn.layers.pooling import SIGNALS, image
from tests.nn.reference import assert_layer_agrees, torch


@pytest.mark.parametrize("include_padding", [True, False])
@pytest.mark.parametrize(("shape", "arguments"), SIGNALS)
def test_agrees_with_torch(shape: tuple[int, ...], arguments: dict[str, Any], include_padding: bool) -> None:
    others = {"kernel_size" if name == "size" else name: value for name, value in arguments.items()}
    assert_layer_agrees(
        AveragePool1D(**arguments, include_padding=include_padding),
        lambda x, p: torch.nn.functional.avg_pool1d(x, **others, count_include_pad=include_padding),
        image(shape),
    )


def test_float32_stays_float32() -> None:
    layer = AveragePool1D(2)
    y = layer.forward(np.ones((2, 3, 4), np.float32))
    assert y.dtype == np.float32
    assert layer.backward(np.ones_like(y)).dtype == np.float32


def test_bad_input_is_named() -> None:
    layer = AveragePool1D(3)
    with pytest.raises(ValueError, match=r"AveragePool1D\(size=3.*\(samples, channels, length\), got \(3, 4\)"):
        layer.forward(np.ones((3, 4)))
    with pytest.raises(ValueError, match="AveragePool1D: size must be a positive whole number, got 0"):
        AveragePool1D(0)
