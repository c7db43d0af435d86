from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.nn.layers.conv2d import Conv2D
from gradcheck.nn.layers.conv_transpose2d import ConvTranspose2D
from tests.nn.reference import assert_close, assert_layer_agrees, redraw, torch

#: Samples, inputs, outputs, image, then the arguments of the layer.
SHAPES: list[tuple[int, int, int, tuple[int, int], dict[str, Any]]] = [
    (2, 3, 4, (4, 3), {"size": 3}),
    (1, 1, 1, (1, 1), {"size": 1}),
    (1, 3, 2, (3, 1), {"size": (2, 1), "bias": False}),
    (2, 3, 2, (1, 1), {"size": (4, 5), "padding": 1}),
    (2, 3, 4, (4, 3), {"size": (3, 2), "stride": 2, "padding": (1, 0), "output_padding": 1}),
    (2, 3, 4, (3, 4), {"size": 3, "stride": (3, 2), "padding": 2, "dilation": (2, 1), "output_padding": (2, 0)}),
    (2, 2, 3, (3, 4), {"size": 2, "dilation": 3, "output_padding": (2, 1)}),
    (2, 4, 6, (3, 3), {"size": 3, "groups": 2, "padding": 1, "stride": 2}),
    (2, 4, 8, (3, 2), {"size": (2, 3), "groups": 4}),
]


@pytest.mark.parametrize(("samples", "inputs", "outputs", "image", "arguments"), SHAPES)
def test_agrees_with_torch(
    samples: int, inputs: int, outputs: int, image: tuple[int, int], arguments: dict[str, Any]
) -> None:
    layer = ConvTranspose2D(inputs, outputs, **arguments)
    redraw(layer)
    x = np.random.default_rng(0).standard_normal((samples, inputs, *image))
    others = {name: value for name, value in arguments.items() if name not in ("size", "bias")}
    assert_layer_agrees(layer, lambda x, p: torch.conv_transpose2d(x, p["W"], p.get("b"), **others), x)


def test_each_side_is_cut_on_its_own() -> None:
    layer = ConvTranspose2D(2, 3, 3, stride=2, padding=((2, 0), (1, 3)))
    redraw(layer)
    x = np.random.default_rng(0).standard_normal((2, 2, 4, 5))
    assert_layer_agrees(layer, lambda x, p: torch.conv_transpose2d(x, p["W"], p["b"], stride=2)[:, :, 2:, 1:-3], x)


def test_it_is_the_transpose_of_the_convolution() -> None:
    arguments: dict[str, Any] = {"stride": 2, "padding": ((1, 0), (2, 1)), "dilation": (1, 2), "groups": 2}
    convolution = Conv2D(4, 6, 3, bias=False, rng=0, **arguments)
    transposed = ConvTranspose2D(6, 4, 3, bias=False, output_padding=(0, 1), **arguments)
    transposed.params["W"] = convolution.params["W"]
    x = np.random.default_rng(0).standard_normal((2, 4, 6, 7))
    y = convolution.forward(x)
    z = np.random.default_rng(1).standard_normal(y.shape)
    assert_close(np.vdot(y, z), np.vdot(x, transposed.forward(z)))


def test_what_is_done_to_the_input_later_changes_nothing() -> None:
    layer = ConvTranspose2D(1, 1, 2, rng=0)
    x = np.random.default_rng(0).standard_normal((1, 1, 3, 3))
    y = layer.forward(x)
    layer.parameter_gradients(y)
    before = layer.grads["W"]
    x[...] = np.nan
    layer.parameter_gradients(y)
    np.testing.assert_array_equal(layer.grads["W"], before)


def test_float32_stays_float32() -> None:
    layer = ConvTranspose2D(2, 3, 3, padding=1, dtype=np.float32)
    y = layer.forward(np.ones((2, 2, 4, 4), np.float32))
    assert y.dtype == np.float32
    assert layer.backward(np.ones_like(y)).dtype == np.float32
    assert {g.dtype.name for g in layer.grads.values()} == {"float32"}


def test_spec_makes_the_same_layer() -> None:
    layer = ConvTranspose2D(4, 2, (3, 2), stride=2, padding=1, output_padding=(1, 0), groups=2, bias=False)
    spec = layer.spec()
    assert spec.pop("kind") == "ConvTranspose2D"
    assert ConvTranspose2D(**spec).spec() == layer.spec()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 0}, "size must be a positive whole number, or a tuple of 2, got 0"),
        (
            {"size": 2, "output_padding": -1},
            "output_padding must be a whole number of at least 0, or a tuple of 2, got -1",
        ),
        (
            {"size": 2, "stride": 2, "output_padding": 2},
            "output_padding must be smaller than the stride or the dilation",
        ),
        ({"size": 2, "padding": "same"}, "padding must be a whole number"),
        ({"size": 2, "groups": 2}, "multiples of groups = 2, got 3 and 4"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"ConvTranspose2D: .*{message}"):
        ConvTranspose2D(3, 4, **arguments)


def test_bad_input_is_named() -> None:
    layer = ConvTranspose2D(3, 2, 2, padding=1)
    with pytest.raises(ValueError, match=r"ConvTranspose2D\(.*\(samples, 3, height, width\), got \(4, 2, 5, 5\)"):
        layer.forward(np.ones((4, 2, 5, 5)))
    with pytest.raises(ValueError, match=r"padding leaves nothing of an input of shape \(1, 3, 1, 4\)"):
        layer.forward(np.ones((1, 3, 1, 4)))
    with pytest.raises(ValueError, match="backward before forward"):
        layer.backward(np.ones((1, 2, 2, 2)))
