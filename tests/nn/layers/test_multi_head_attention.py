from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.nn.layers.multi_head_attention import MultiHeadAttention
from tests.nn.reference import assert_close, assert_layer_agrees, redraw, tensor, torch

#: Samples, time, features, heads.
SHAPES = [(3, 5, 4, 2), (1, 1, 1, 1), (1, 6, 6, 3), (4, 1, 4, 4), (2, 7, 3, 1)]


def composed(x: Any, p: Any, heads: int, allowed: Any) -> Any:
    """Attention of PyTorch between our four products; `allowed` is True where a step may look."""

    def split(name: str) -> Any:
        return (x @ p[f"W{name}"] + p[f"b{name}"]).unflatten(2, (heads, -1)).transpose(1, 2)

    mixed = torch.nn.functional.scaled_dot_product_attention(split("q"), split("k"), split("v"), attn_mask=allowed)
    return mixed.transpose(1, 2).flatten(2) @ p["Wo"] + p["bo"]


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(("samples", "time", "features", "heads"), SHAPES)
def test_agrees_with_torch(samples: int, time: int, features: int, heads: int, causal: bool) -> None:
    layer = MultiHeadAttention(features, heads, causal=causal)
    redraw(layer)
    x = np.random.default_rng(0).standard_normal((samples, time, features))
    allowed = torch.ones(time, time, dtype=torch.bool)
    allowed = allowed.tril() if causal else allowed
    assert_layer_agrees(layer, lambda x, p: composed(x, p, heads, allowed), x)


@pytest.mark.parametrize("causal", [False, True])
def test_masks_agree_with_the_layer_of_torch(causal: bool) -> None:
    layer = MultiHeadAttention(6, 3, causal=causal)
    redraw(layer)
    x = np.random.default_rng(0).standard_normal((3, 5, 6))
    mask = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 0, 1, 0, 1]], bool)
    p = {name: tensor(value, grad=True) for name, value in layer.params.items()}
    named = {
        "in_proj_weight": torch.cat([p["Wq"].T, p["Wk"].T, p["Wv"].T]),
        "in_proj_bias": torch.cat([p["bq"], p["bk"], p["bv"]]),
        "out_proj.weight": p["Wo"].T,
        "out_proj.bias": p["bo"],
    }
    given = tensor(x, grad=True)
    later = torch.ones(5, 5, dtype=torch.bool).triu(1) if causal else None
    theirs, _ = torch.func.functional_call(
        torch.nn.MultiheadAttention(6, 3, batch_first=True).double(),
        named,
        (given, given, given),
        {"key_padding_mask": tensor(~mask), "attn_mask": later},
    )
    mine = layer.forward(x, mask)
    assert_close(mine, theirs, "output")
    upstream = np.random.default_rng(2).standard_normal(mine.shape)
    theirs.backward(tensor(upstream))
    assert_close(layer.backward(upstream), given.grad, "gradient of the input")
    for name, value in p.items():
        assert_close(layer.grads[name], value.grad, f"gradient of {name}")


def test_a_step_with_all_steps_masked_has_weights_of_zero() -> None:
    layer = MultiHeadAttention(4, 2, causal=True)
    redraw(layer)
    x = np.random.default_rng(0).standard_normal((2, 3, 4))
    y = layer.forward(x, [[False, False, False], [False, True, True]])
    np.testing.assert_array_equal(y[0], np.tile(layer.params["bo"], (3, 1)))
    np.testing.assert_array_equal(y[1, 0], layer.params["bo"])
    downstream = layer.backward(np.ones_like(y))
    np.testing.assert_array_equal(downstream[0], 0.0)
    np.testing.assert_array_equal(downstream[1, 0], 0.0)
    assert np.isfinite(downstream).all()


def test_large_scores_do_not_overflow() -> None:
    layer = MultiHeadAttention(4, 2, scale=1e3, rng=0)
    y = layer.forward(1e3 * np.random.default_rng(0).standard_normal((2, 5, 4)))
    assert np.isfinite(y).all()
    assert np.isfinite(layer.backward(np.ones_like(y))).all()


def test_the_key_bias_has_no_effect() -> None:
    layer = MultiHeadAttention(4, 2, rng=0)
    x = np.random.default_rng(0).standard_normal((2, 5, 4))
    y = layer.forward(x)
    layer.backward(x)
    np.testing.assert_allclose(layer.grads["bk"], 0.0, atol=1e-14)
    layer.params["bk"] += 1.0
    np.testing.assert_allclose(layer.forward(x), y, atol=1e-14)


def test_float32_stays_float32() -> None:
    layer = MultiHeadAttention(4, 2, causal=True, dtype=np.float32)
    x = np.ones((4, 5, 4), np.float32)
    for mask in (None, np.tril(np.ones((4, 5), bool))):
        assert layer.forward(x, mask).dtype == np.float32
        assert layer.backward(x).dtype == np.float32
        assert {g.dtype.name for g in layer.grads.values()} == {"float32"}


def test_takes_a_gradient_of_whole_numbers() -> None:
    layer = MultiHeadAttention(4, 2, rng=0)
    layer.forward(np.random.default_rng(0).standard_normal((2, 5, 4)))
    expected = layer.backward(np.full((2, 5, 4), 3.0))
    np.testing.assert_array_equal(layer.backward(np.full((2, 5, 4), 3)), expected)


def test_bad_input_is_named() -> None:
    layer = MultiHeadAttention(4, 2)
    with pytest.raises(ValueError, match=r"MultiHeadAttention\(features=4.*shape \(samples, time, 4\), got \(5, 4\)"):
        layer.forward(np.ones((5, 4)))
    with pytest.raises(ValueError, match=r"boolean mask of shape \(samples, time\) = \(2, 5\), got float64 of shape"):
        layer.forward(np.ones((2, 5, 4)), np.ones((2, 5)))
    with pytest.raises(ValueError, match="features must be a multiple of heads = 3, got 4"):
        MultiHeadAttention(4, 3)
    with pytest.raises(ValueError, match="heads must be a positive whole number, got 0"):
        MultiHeadAttention(4, 0)


def test_is_described_by_its_arguments() -> None:
    spec = {"kind": "MultiHeadAttention", "features": 4, "heads": 2, "causal": True, "scale": "glorot"}
    assert MultiHeadAttention(4, 2, causal=True).spec() == spec
