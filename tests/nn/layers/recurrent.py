"""Recurrent layers side by side with those of PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.nn.layers._recurrent import Recurrent
from tests.nn.reference import assert_close, assert_layer_agrees, redraw, tensor, torch

#: Samples, time, features, units.
SHAPES = [(3, 5, 2, 4), (1, 1, 1, 1), (1, 6, 3, 2), (4, 1, 2, 3), (2, 40, 1, 3)]

Function = Callable[[Any, Any], Any]


def torch_function(make: Callable[[int, int], Any], layer: Recurrent) -> Function:
    """What a layer of PyTorch made with the same sizes returns for x and our parameters, in the same order of steps."""
    theirs = make(layer.features, layer.units).double()

    def function(x: Any, params: Any) -> Any:
        named = {
            "weight_ih_l0": params["Wx"].T,
            "weight_hh_l0": params["Wh"].T,
            "bias_ih_l0": params["b"],
            "bias_hh_l0": params.get("bh", torch.zeros_like(params["b"])),
        }
        x = torch.flip(x, [1]) if layer.reverse else x
        states, _ = torch.func.functional_call(theirs, named, (x,))
        if layer.last:
            return states[:, -1]
        return torch.flip(states, [1]) if layer.reverse else states

    return function


def assert_agrees(layer: Recurrent, make: Callable[[int, int], Any], samples: int, time: int) -> None:
    """Output and gradients are those of PyTorch."""
    redraw(layer)
    x = np.random.default_rng(0).standard_normal((samples, time, layer.features))
    assert_layer_agrees(layer, torch_function(make, layer), x)


def assert_masks_agree(layer: Recurrent, make: Callable[[int, int], Any]) -> None:
    """A mask gives what PyTorch gives for the steps that count, put one after the other."""
    redraw(layer)
    counts = np.array(
        [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [0, 0, 1, 1, 0], [1, 0, 1, 0, 1], [0, 0, 0, 0, 0], [0, 0, 0, 0, 1]], bool
    )
    x = np.random.default_rng(0).standard_normal((*counts.shape, layer.features))
    params = {name: tensor(value, grad=True) for name, value in layer.params.items()}
    given = tensor(x, grad=True)
    function = torch_function(make, layer)
    last, layer.last = layer.last, False
    rows = [_spread(function, given[i : i + 1], params, mask, layer) for i, mask in enumerate(counts)]
    layer.last = last
    theirs = torch.stack(rows)
    if layer.last:
        theirs = theirs[:, 0 if layer.reverse else -1]
    x[~counts] = np.nan
    mine = layer.forward(x, mask=counts)
    assert_close(mine, theirs, "output")
    upstream = np.random.default_rng(2).standard_normal(mine.shape)
    theirs.backward(tensor(upstream))
    assert_close(layer.backward(upstream), given.grad, "gradient of the input")
    for name, value in params.items():
        assert_close(layer.grads[name], value.grad, f"gradient of {name}")


def _spread(function: Function, x: Any, params: Any, mask: Any, layer: Recurrent) -> Any:
    """States of the steps that count, each repeated until the next one, zero before the first."""
    zero = torch.zeros(1, layer.units, dtype=x.dtype)
    taken = function(x[:, mask], params)[0] if mask.any() else zero[:0]
    if layer.reverse:
        return torch.cat([taken, zero])[len(taken) - np.cumsum(mask[::-1])[::-1]]
    return torch.cat([zero, taken])[np.cumsum(mask)]


def assert_well_behaved(make: Callable[..., Recurrent]) -> None:
    """What every recurrent layer does whatever its step."""
    _stays_float32(make(2, 3, dtype=np.float32))
    _follows_its_parameters(make(2, 3, rng=0))
    _saturates(make(2, 3, rng=0, scale=1e3))
    _names_bad_input(make(2, 3))
    kind = make(2, 3).spec()["kind"]
    with pytest.raises(ValueError, match=rf"{kind}: units must be a positive whole number, got 0"):
        make(2, 0)
    first, second = make(2, 3, rng=5), make(2, 3, rng=np.random.default_rng(5))
    np.testing.assert_array_equal(first.params["Wh"], second.params["Wh"])
    assert not np.isin(first.params["Wh"], first.params["Wx"]).any()


def _stays_float32(layer: Recurrent) -> None:
    x = np.ones((4, 5, 2), np.float32)
    for mask in (None, np.tril(np.ones((4, 5), bool))):
        y = layer.forward(x, mask)
        assert y.dtype == np.float32
        assert layer.backward(np.ones_like(y)).dtype == np.float32
        assert {g.dtype.name for g in layer.grads.values()} == {"float32"}


def _follows_its_parameters(layer: Recurrent) -> None:
    x = np.random.default_rng(0).standard_normal((4, 5, 2))
    first = layer.forward(x)
    np.testing.assert_array_equal(layer.forward(x), first)
    layer.parameter_gradients(first)
    alone = dict(layer.grads)
    layer.backward(first)
    for name, value in layer.params.items():
        np.testing.assert_array_equal(alone[name], layer.grads[name])
        before = layer.forward(x)
        value += 0.1
        assert (layer.forward(x) != before).any()
    layer.params["Wx"] = np.zeros_like(layer.params["Wx"])
    assert (layer.forward(x) == layer.forward(-x)).all()
    before = layer.backward(first)
    y = layer.forward(x)
    y += 1.0
    np.testing.assert_array_equal(layer.backward(first), before)


def _saturates(layer: Recurrent) -> None:
    y = layer.forward(1e3 * np.random.default_rng(0).standard_normal((4, 5, 2)))
    assert np.isfinite(y).all()
    assert np.isfinite(layer.backward(np.ones_like(y))).all()


def _names_bad_input(layer: Recurrent) -> None:
    kind = layer.spec()["kind"]
    with pytest.raises(ValueError, match=rf"{kind}\(features=2, units=3.*shape \(samples, time, 2\), got \(4, 2\)"):
        layer.forward(np.ones((4, 2)))
    with pytest.raises(ValueError, match="empty"):
        layer.forward(np.ones((4, 0, 2)))
    x = np.ones((4, 5, 2))
    for mask in (np.ones((4, 5)), np.ones((5, 4), bool), np.ones(4, bool), [["a"] * 5] * 4):
        with pytest.raises(ValueError, match=rf"{kind}.*takes a boolean mask of shape \(samples, time\) = \(4, 5"):
            layer.forward(x, mask)
    with pytest.raises(ValueError, match="backward before forward"):
        layer.backward(x)
