from __future__ import annotations

import numpy as np
import pytest

from gradcheck.nn.activations.tanh import Tanh
from gradcheck.nn.layers.dense import Dense
from gradcheck.nn.layers.residual import Residual
from gradcheck.nn.layers.sequential import Sequential
from tests.nn.reference import assert_layer_agrees, redraw, torch


@pytest.mark.parametrize(("samples", "width"), [(4, 3), (1, 1), (1, 5)])
def test_agrees_with_torch(samples: int, width: int) -> None:
    layer = Residual(Dense(width, width), Tanh())
    redraw(layer)
    x = np.random.default_rng(0).standard_normal((samples, width))
    assert_layer_agrees(layer, lambda x, p: x + torch.tanh(x @ p["layers.0.W"] + p["layers.0.b"]), x)


@pytest.mark.parametrize("samples", [1, 4])
def test_a_shortcut_agrees_with_torch(samples: int) -> None:
    layer = Residual(Dense(3, 2), Tanh(), shortcut=Sequential(Tanh(), Dense(3, 2, bias=False)))
    redraw(layer)
    x = np.random.default_rng(0).standard_normal((samples, 3))
    assert_layer_agrees(
        layer,
        lambda x, p: torch.tanh(x) @ p["shortcut.layers.1.W"] + torch.tanh(x @ p["layers.0.W"] + p["layers.0.b"]),
        x,
    )


def test_shapes_that_differ_are_named() -> None:
    with pytest.raises(
        ValueError, match=r"Residual\(Dense.*input of shape \(4, 3\) the layers return shape \(4, 2\), .* \(4, 3\)"
    ):
        Residual(Dense(3, 2)).forward(np.ones((4, 3)))
    with pytest.raises(ValueError, match=r"return shape \(4, 2\), but the shortcut \(4, 1\)"):
        Residual(Dense(3, 2), shortcut=Dense(3, 1)).forward(np.ones((4, 3)))


def test_an_error_says_which_layer() -> None:
    with pytest.raises(ValueError, match=r"^layers\.1: Dense"):
        Residual(Dense(3, 2), Dense(3, 3)).forward(np.ones((4, 3)))
    with pytest.raises(ValueError, match=r"^shortcut: Dense"):
        Residual(Dense(3, 2), shortcut=Dense(2, 2)).forward(np.ones((4, 3)))


def test_an_object_that_is_not_a_layer_is_refused() -> None:
    with pytest.raises(ValueError, match="shortcut: layer 0 is 1"):
        Residual(Dense(3, 3), shortcut=1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least one layer"):
        Residual()
    shared = Dense(3, 3)
    with pytest.raises(ValueError, match=r"layers\.0 and shortcut are the same object"):
        Residual(shared, shortcut=shared)


def test_backward_before_forward_is_refused() -> None:
    layer = Residual(Dense(3, 3))
    with pytest.raises(ValueError, match="backward before forward"):
        layer.backward(np.ones((1, 3)))


def test_training_reaches_the_shortcut() -> None:
    layer = Residual(Dense(3, 3), shortcut=Tanh())
    layer.training = False
    assert [child.training for child in layer.children().values()] == [False, False]


def test_float32_stays_float32() -> None:
    layer = Residual(Dense(3, 3, dtype=np.float32), shortcut=Tanh())
    assert layer.forward(np.ones((4, 3), np.float32)).dtype == np.float32
    assert layer.backward(np.ones((4, 3), np.float32)).dtype == np.float32
    assert {g.dtype.name for g in layer.grads.values()} == {"float32"}


def test_the_repr_and_the_spec_show_what_is_inside() -> None:
    layer = Residual(Dense(3, 3), shortcut=Tanh())
    assert repr(layer) == "Residual(Dense(inputs=3, outputs=3, bias=True, scale='glorot'), shortcut=Tanh())"
    assert layer.spec()["shortcut"] == {"kind": "Tanh"}
    assert Residual(Tanh()).spec() == {"kind": "Residual", "layers": [{"kind": "Tanh"}], "shortcut": None}
