from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import signal

from gradcheck.nn.layers.conv1d import Conv1D
from tests.nn.reference import assert_close, assert_layer_agrees, redraw, torch

#: Samples, inputs, outputs, length, then the arguments of the layer.
SHAPES: list[tuple[int, int, int, int, dict[str, Any]]] = [
    (2, 3, 4, 7, {"size": 3}),
    (1, 1, 1, 1, {"size": 1}),
    (3, 2, 4, 1, {"size": 3, "padding": 1}),
    (2, 3, 2, 5, {"size": (5,), "bias": False}),
    (2, 3, 4, 9, {"size": 3, "stride": 2, "padding": 2, "dilation": 3}),
    (2, 6, 4, 8, {"size": 2, "stride": 3, "groups": 2}),
    (2, 4, 4, 8, {"size": 3, "padding": "same", "groups": 4}),
]


@pytest.mark.parametrize(("samples", "inputs", "outputs", "length", "arguments"), SHAPES)
def test_agrees_with_torch(samples: int, inputs: int, outputs: int, length: int, arguments: dict[str, Any]) -> None:
    layer = Conv1D(inputs, outputs, **arguments)
    redraw(layer)
    x = np.random.default_rng(0).standard_normal((samples, inputs, length))
    others = {name: value for name, value in arguments.items() if name not in ("size", "bias")}
    assert_layer_agrees(layer, lambda x, p: torch.conv1d(x, p["W"], p.get("b"), **others), x)


def test_one_channel_is_what_scipy_calls_correlation() -> None:
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal(20), rng.standard_normal(5)
    layer = Conv1D(1, 1, 5, bias=False)
    layer.params["W"][...] = w
    assert_close(layer.forward(x[None, None])[0, 0], signal.correlate(x, w, mode="valid"))


def test_with_zeros_in_front_alone_nothing_sees_ahead() -> None:
    layer = Conv1D(2, 3, 3, dilation=2, padding=((4, 0),), rng=0)
    x = np.random.default_rng(0).standard_normal((1, 2, 10))
    y = layer.forward(x)
    assert y.shape == (1, 3, 10)
    upstream = np.zeros_like(y)
    upstream[:, :, 5] = 1.0
    downstream = layer.backward(upstream)
    assert set(np.flatnonzero(np.abs(downstream).sum(axis=(0, 1)))) == {1, 3, 5}


def test_float32_stays_float32() -> None:
    layer = Conv1D(2, 3, 3, padding=1, dtype=np.float32)
    y = layer.forward(np.ones((2, 2, 4), np.float32))
    assert y.dtype == np.float32
    assert layer.backward(np.ones_like(y)).dtype == np.float32
    assert {g.dtype.name for g in layer.grads.values()} == {"float32"}


def test_bad_input_is_named() -> None:
    layer = Conv1D(3, 2, 4)
    with pytest.raises(ValueError, match=r"Conv1D\(inputs=3.*\(samples, 3, length\), got \(4, 3, 5, 5\)"):
        layer.forward(np.ones((4, 3, 5, 5)))
    with pytest.raises(ValueError, match=r"has extent \(4,\), which is larger than an input of shape \(1, 3, 3\)"):
        layer.forward(np.ones((1, 3, 3)))
    with pytest.raises(ValueError, match="Conv1D: size must be a positive whole number, got -1"):
        Conv1D(3, 2, -1)
    with pytest.raises(ValueError, match=r"pair \(before, after\) for each of 1 axes; got \(1, 2\)"):
        Conv1D(3, 2, 2, padding=(1, 2))
