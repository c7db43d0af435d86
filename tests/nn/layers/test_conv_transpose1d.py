from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.nn.layers.conv_transpose1d import ConvTranspose1D
from tests.nn.reference import assert_layer_agrees, redraw, torch

#: Samples, inputs, outputs, length, then the arguments of the layer.
SHAPES: list[tuple[int, int, int, int, dict[str, Any]]] = [
    (2, 3, 4, 5, {"size": 3}),
    (1, 1, 1, 1, {"size": 1}),
    (3, 2, 4, 1, {"size": 4, "padding": 1, "bias": False}),
    (2, 3, 4, 4, {"size": 3, "stride": 2, "padding": 2, "dilation": 3, "output_padding": 1}),
    (2, 6, 4, 3, {"size": 2, "stride": 3, "groups": 2}),
]


@pytest.mark.parametrize(("samples", "inputs", "outputs", "length", "arguments"), SHAPES)
def test_agrees_with_torch(samples: int, inputs: int, outputs: int, length: int, arguments: dict[str, Any]) -> None:
    layer = ConvTranspose1D(inputs, outputs, **arguments)
    redraw(layer)
    x = np.random.default_rng(0).standard_normal((samples, inputs, length))
    others = {name: value for name, value in arguments.items() if name not in ("size", "bias")}
    assert_layer_agrees(layer, lambda x, p: torch.conv_transpose1d(x, p["W"], p.get("b"), **others), x)


def test_float32_stays_float32() -> None:
    layer = ConvTranspose1D(2, 3, 3, dtype=np.float32)
    y = layer.forward(np.ones((2, 2, 4), np.float32))
    assert y.dtype == np.float32
    assert layer.backward(np.ones_like(y)).dtype == np.float32
    assert {g.dtype.name for g in layer.grads.values()} == {"float32"}


def test_bad_input_is_named() -> None:
    layer = ConvTranspose1D(3, 2, 4)
    with pytest.raises(ValueError, match=r"ConvTranspose1D\(inputs=3.*\(samples, 3, length\), got \(4, 3, 5, 5\)"):
        layer.forward(np.ones((4, 3, 5, 5)))
    with pytest.raises(ValueError, match="ConvTranspose1D: stride must be a positive whole number, got 0"):
        ConvTranspose1D(3, 2, 2, stride=0)
