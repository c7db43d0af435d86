from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.nn.layers.conv2d import Conv2D
from tests.nn.reference import assert_layer_agrees, redraw, torch

#: Samples, inputs, outputs, image, then the arguments of the layer.
SHAPES: list[tuple[int, int, int, tuple[int, int], dict[str, Any]]] = [
    (2, 3, 4, (6, 5), {"size": 3}),
    (1, 1, 1, (1, 1), {"size": 1}),
    (1, 3, 2, (4, 1), {"size": (2, 1)}),
    (3, 2, 5, (4, 5), {"size": (4, 5)}),
    (2, 2, 3, (3, 3), {"size": 4, "padding": 1}),
    (2, 3, 4, (7, 6), {"size": (3, 2), "stride": 2, "padding": (1, 0)}),
    (2, 3, 4, (8, 9), {"size": 3, "stride": (3, 2), "padding": 2, "dilation": (2, 1)}),
    (2, 3, 4, (3, 4), {"size": 2, "stride": 5, "padding": 4}),
    (2, 4, 6, (5, 5), {"size": 3, "groups": 2, "padding": 1}),
    (2, 4, 8, (5, 4), {"size": (2, 3), "groups": 4, "dilation": (1, 1), "bias": False}),
    (2, 2, 3, (5, 6), {"size": 3, "padding": "same", "dilation": 2}),
    (2, 2, 3, (4, 5), {"size": 3, "padding": "valid", "stride": 2}),
]


@pytest.mark.parametrize(("samples", "inputs", "outputs", "image", "arguments"), SHAPES)
def test_agrees_with_torch(
    samples: int, inputs: int, outputs: int, image: tuple[int, int], arguments: dict[str, Any]
) -> None:
    layer = Conv2D(inputs, outputs, **arguments)
    redraw(layer)
    x = np.random.default_rng(0).standard_normal((samples, inputs, *image))
    others = {name: value for name, value in arguments.items() if name not in ("size", "bias")}
    assert_layer_agrees(layer, lambda x, p: torch.conv2d(x, p["W"], p.get("b"), **others), x)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
def test_same_padding_puts_an_odd_zero_at_the_end_like_torch() -> None:
    layer = Conv2D(2, 3, (2, 4), padding="same", dilation=(3, 1))
    redraw(layer)
    x = np.random.default_rng(0).standard_normal((2, 2, 5, 6))
    assert_layer_agrees(layer, lambda x, p: torch.conv2d(x, p["W"], p["b"], padding="same", dilation=(3, 1)), x)


def test_each_side_has_padding_of_its_own() -> None:
    layer = Conv2D(2, 3, 3, stride=2, padding=((2, 0), (1, 3)))
    redraw(layer)
    x = np.random.default_rng(0).standard_normal((2, 2, 4, 5))
    assert_layer_agrees(
        layer, lambda x, p: torch.conv2d(torch.nn.functional.pad(x, (1, 3, 2, 0)), p["W"], p["b"], stride=2), x
    )


def test_parameter_gradients_alone_are_those_of_backward() -> None:
    layer = Conv2D(2, 3, 2, rng=0)
    y = layer.forward(np.random.default_rng(0).standard_normal((2, 2, 4, 4)))
    layer.backward(y)
    both = dict(layer.grads)
    layer.grads.clear()
    layer.parameter_gradients(y)
    assert set(layer.grads) == {"W", "b"}
    for name, value in both.items():
        np.testing.assert_array_equal(layer.grads[name], value)


@pytest.mark.parametrize("size", [1, 2])
def test_what_is_done_to_the_input_later_changes_nothing(size: int) -> None:
    layer = Conv2D(1, 1, size, rng=0)
    x = np.random.default_rng(0).standard_normal((1, 1, 3, 3))
    y = layer.forward(x)
    layer.backward(y)
    before = layer.grads["W"]
    x[...] = np.nan
    layer.backward(y)
    np.testing.assert_array_equal(layer.grads["W"], before)


def test_replaced_parameters_are_used() -> None:
    layer = Conv2D(1, 1, 2)
    x = np.arange(4.0).reshape(1, 1, 2, 2)
    layer.params["W"] = np.ones((1, 1, 2, 2))
    assert layer.forward(x).item() == 6.0
    layer.params["W"][0, 0, 1, 1] = 2.0
    assert layer.forward(x).item() == 9.0
    layer.params["b"] = np.array([0.5])
    assert layer.forward(x).item() == 9.5


def test_float32_stays_float32() -> None:
    layer = Conv2D(2, 3, 3, padding=1, dtype=np.float32)
    y = layer.forward(np.ones((2, 2, 4, 4), np.float32))
    assert y.dtype == np.float32
    assert layer.backward(np.ones_like(y)).dtype == np.float32
    assert {g.dtype.name for g in layer.grads.values()} == {"float32"}


def test_spec_makes_the_same_layer() -> None:
    layer = Conv2D(4, 2, (3, 2), stride=2, padding=(1, (0, 1)), groups=2, bias=False, scale="he")
    spec = layer.spec()
    assert spec.pop("kind") == "Conv2D"
    assert Conv2D(**spec).spec() == layer.spec()
    assert "padding=(1, (0, 1))" in repr(layer)


def test_initial_weights_have_the_scale() -> None:
    layer = Conv2D(32, 16, 5, groups=2, scale="he", rng=0)
    assert layer.params["W"].std() == pytest.approx(np.sqrt(2 / (16 * 25)), rel=0.05)
    np.testing.assert_array_equal(layer.params["b"], np.zeros(16))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 0}, "size must be a positive whole number, or a tuple of 2, got 0"),
        ({"size": (2, 2, 2)}, "size must be"),
        ({"size": 2.0}, "size must be"),
        ({"size": 2, "stride": 0}, "stride must be"),
        ({"size": 2, "dilation": (1, True)}, "dilation must be"),
        ({"size": 2, "padding": -1}, "padding must be a whole number of at least 0"),
        ({"size": 2, "padding": (1, (1, 2, 3))}, "padding must be"),
        ({"size": 2, "padding": "full"}, "padding must be 'valid', 'same' or numbers, got 'full'"),
        ({"size": 2, "padding": "same", "stride": 2}, "'same' takes a stride of 1"),
        ({"size": 2, "groups": 2}, "multiples of groups = 2, got 3 and 4"),
        ({"size": 2, "groups": 0}, "groups must be a positive whole number, got 0"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"Conv2D: .*{message}"):
        Conv2D(3, 4, **arguments)


def test_bad_input_is_named() -> None:
    layer = Conv2D(3, 2, 4, padding=1)
    with pytest.raises(ValueError, match=r"Conv2D\(inputs=3.*\(samples, 3, height, width\), got \(4, 2, 5, 5\)"):
        layer.forward(np.ones((4, 2, 5, 5)))
    with pytest.raises(ValueError, match="takes an input of shape"):
        layer.forward(np.ones((3, 5, 5)))
    with pytest.raises(ValueError, match=r"has extent \(4, 4\), .* an input of shape \(1, 3, 1, 5\)"):
        layer.forward(np.ones((1, 3, 1, 5)))
    with pytest.raises(ValueError, match="empty"):
        layer.forward(np.ones((0, 3, 5, 5)))
    with pytest.raises(ValueError, match="backward before forward"):
        layer.backward(np.ones((1, 2, 2, 2)))
    layer.forward(np.ones((1, 3, 5, 5)))
    with pytest.raises(ValueError, match=r"output's shape \(1, 2, 4, 4\), got \(1, 2, 4\)"):
        layer.backward(np.ones((1, 2, 4)))
