from __future__ import annotations

import numpy as np
import pytest

from gradcheck.nn.layers.dense import Dense
from tests.nn.reference import assert_layer_agrees, redraw


@pytest.mark.parametrize(("samples", "inputs", "outputs"), [(4, 3, 2), (1, 1, 1), (7, 1, 5)])
@pytest.mark.parametrize("bias", [True, False])
def test_agrees_with_torch(samples: int, inputs: int, outputs: int, bias: bool) -> None:
    layer = Dense(inputs, outputs, bias=bias)
    redraw(layer)
    x = np.random.default_rng(0).standard_normal((samples, inputs))
    assert_layer_agrees(layer, lambda x, p: x @ p["W"] + p.get("b", 0.0), x)


def test_bad_input_is_named() -> None:
    layer = Dense(3, 2)
    with pytest.raises(ValueError, match=r"Dense\(inputs=3.*shape \(samples, 3\), got \(4, 2\)"):
        layer.forward(np.ones((4, 2)))
    with pytest.raises(ValueError, match="empty"):
        layer.forward(np.ones((0, 3)))
    with pytest.raises(ValueError, match="outputs must be a positive whole number, got 0"):
        Dense(3, 0)


def test_backward_before_forward_is_refused() -> None:
    layer = Dense(3, 2)
    with pytest.raises(ValueError, match="backward before forward"):
        layer.backward(np.ones((1, 2)))
    layer.forward(np.ones((4, 3)))
    with pytest.raises(ValueError, match=r"output's shape \(4, 2\), got \(4, 3\)"):
        layer.backward(np.ones((4, 3)))


def test_float32_stays_float32() -> None:
    layer = Dense(3, 2, dtype=np.float32)
    assert layer.forward(np.ones((4, 3), np.float32)).dtype == np.float32
    assert layer.backward(np.ones((4, 2), np.float32)).dtype == np.float32
    assert {g.dtype.name for g in layer.grads.values()} == {"float32"}
