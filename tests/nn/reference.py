"""Layers and losses side by side with PyTorch, in float64, to 1e-10."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gradcheck.nn.layer import Layer
from gradcheck.nn.losses.loss import Loss

torch = pytest.importorskip("torch")

#: Largest difference, relative to the largest number of an array and absolute below 1.
AGREE = 1e-10


def tensor(array: Any, *, grad: bool = False) -> Any:
    """As a tensor of its own."""
    return torch.tensor(np.asarray(array), requires_grad=grad)


def assert_close(mine: Any, theirs: Any, what: str = "") -> None:
    """Of one shape, and equal within `AGREE`."""
    theirs = theirs.detach().numpy() if hasattr(theirs, "detach") else np.asarray(theirs)
    assert np.shape(mine) == theirs.shape, f"{what}: shape {np.shape(mine)}, expected {theirs.shape}"
    scale = max(1.0, float(np.abs(theirs).max(initial=0.0)))
    np.testing.assert_allclose(mine, theirs, rtol=0.0, atol=AGREE * scale, err_msg=what)


def redraw(layer: Layer, seed: int = 1) -> None:
    """Give every parameter random values, biases too, so that none of them hides."""
    rng = np.random.default_rng(seed)
    for value in layer.params.values():
        value[...] = rng.standard_normal(value.shape)


def assert_layer_agrees(
    layer: Layer, function: Callable[..., Any], x: NDArray[Any], *, whole: bool = False, seed: int = 2
) -> None:
    """Output and all gradients of a layer against `function(x, params)`, where both are tensors.

    With `whole` the input holds indices and has no gradient.
    """
    params = {name: tensor(value, grad=True) for name, value in layer.params.items()}
    given = tensor(x, grad=not whole)
    theirs = function(given, params)
    mine = layer.forward(x)
    assert_close(mine, theirs, "output")
    upstream = np.random.default_rng(seed).standard_normal(mine.shape)
    before = x.copy(), upstream.copy()
    downstream = layer.backward(upstream)
    theirs.backward(tensor(upstream))
    if not whole:
        assert_close(downstream, given.grad, "gradient of the input")
    assert set(layer.grads) == set(layer.params)
    for name, value in params.items():
        assert_close(layer.grads[name], value.grad, f"gradient of {name}")
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(upstream, before[1])


def assert_loss_agrees(
    loss: Loss, function: Callable[[Any], Any], prediction: NDArray[Any], target: Any, weight: Any = None
) -> None:
    """Value and gradient of a loss against `function(prediction)`, where both are tensors."""
    given = tensor(prediction, grad=True)
    theirs = function(given)
    mine = loss(prediction, target, weight)
    assert_close(mine, theirs, "loss")
    upstream = np.random.default_rng(3).standard_normal(mine.shape)
    theirs.backward(tensor(upstream))
    assert_close(loss.backward(upstream), given.grad, "gradient of the prediction")
