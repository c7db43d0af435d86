from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gradcheck.nn.layers.embedding import Embedding
from tests.nn.reference import assert_layer_agrees, torch


@pytest.mark.parametrize("shape", [(4, 3), (1, 1), (50,), (2, 3, 4)])
@pytest.mark.parametrize(("vocabulary", "features"), [(7, 3), (1, 1), (5, 1)])
@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.float64])
def test_agrees_with_torch(shape: tuple[int, ...], vocabulary: int, features: int, dtype: type) -> None:
    x: NDArray[Any] = np.random.default_rng(0).integers(vocabulary, size=shape).astype(dtype)
    layer = Embedding(vocabulary, features)
    assert_layer_agrees(layer, lambda k, p: torch.nn.functional.embedding(k.long(), p["W"]), x, whole=True)


def test_an_index_has_no_gradient() -> None:
    layer = Embedding(7, 3)
    layer.forward([[0, 6]])
    downstream = layer.backward(np.ones((1, 2, 3)))
    np.testing.assert_array_equal(downstream, np.zeros((1, 2)))


def test_indices_are_copied() -> None:
    layer = Embedding(3, 1)
    k = np.array([[0, 2]])
    layer.forward(k)
    k[:] = 1
    layer.backward(np.array([[[1.0], [2.0]]]))
    np.testing.assert_array_equal(layer.grads["W"], [[1.0], [0.0], [2.0]])


def test_large_indices_are_exact_in_a_float32_table() -> None:
    layer = Embedding(1, 1)
    layer.vocabulary = 2**24 + 2
    layer.params["W"] = np.zeros((layer.vocabulary, 1), np.float32)
    layer.params["W"][2**24 + 1] = 1.0
    np.testing.assert_array_equal(layer.forward([2**24, 2**24 + 1]), [[0.0], [1.0]])


def test_float32_stays_float32() -> None:
    layer = Embedding(7, 3, dtype=np.float32)
    for dtype in (np.int64, np.float64):
        assert layer.forward(np.array([[0, 6]], dtype)).dtype == np.float32
        assert layer.backward(np.ones((1, 2, 3), np.float32)).dtype == np.float32
        assert layer.grads["W"].dtype == np.float32


@pytest.mark.parametrize("index", [-1, 7, 0.5, np.nan, np.inf, -np.inf, -0.5, 1e300])
def test_bad_indices_are_named(index: Any) -> None:
    with pytest.raises(
        ValueError, match=rf"Embedding\(vocabulary=7.*whole numbers from 0 to 6, got {re.escape(str(index))}"
    ):
        Embedding(7, 3).forward([[0, index]])


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="empty"):
        Embedding(7, 3).forward(np.zeros((0, 2), int))
    with pytest.raises(ValueError, match="real numbers, got dtype <U1"):
        Embedding(7, 3).forward(["a"])
    with pytest.raises(ValueError, match="Embedding: vocabulary must be a positive whole number, got 0"):
        Embedding(0, 3)


def test_is_described_by_its_arguments() -> None:
    assert Embedding(7, 3).spec() == {"kind": "Embedding", "vocabulary": 7, "features": 3, "scale": 1.0}
    assert Embedding(7, 3).takes_indices
