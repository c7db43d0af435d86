from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.nn.layers.reshape import Reshape
from tests.nn.reference import assert_layer_agrees


@pytest.mark.parametrize(
    ("before", "shape", "after"),
    [
        ((5, 12), (3, 4), (5, 3, 4)),
        ((5, 2, 6), (12,), (5, 12)),
        ((5, 2, 6), (-1, 4), (5, 3, 4)),
        ((1, 1), (1, -1, 1), (1, 1, 1, 1)),
        ((4,), (1,), (4, 1)),
        ((4,), (-1,), (4, 1)),
        ((2, 3, 4), (-1,), (2, 12)),
    ],
)
def test_agrees_with_torch(before: tuple[int, ...], shape: tuple[int, ...], after: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).standard_normal(before)
    assert_layer_agrees(Reshape(shape), lambda x, _: x.reshape(after), x)


def test_float32_stays_float32() -> None:
    layer = Reshape((3, -1))
    assert layer.forward(np.ones((4, 6), np.float32)).dtype == np.float32
    assert layer.backward(np.ones((4, 3, 2), np.float32)).dtype == np.float32


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match=r"Reshape\(shape=\(3, 4\)\): takes samples of 12 numbers, .*\(4, 6\)"):
        Reshape((3, 4)).forward(np.ones((4, 6)))
    with pytest.raises(ValueError, match="takes samples of a multiple of 4 numbers"):
        Reshape((4, -1)).forward(np.ones((4, 6)))
    with pytest.raises(ValueError, match="empty"):
        Reshape((-1,)).forward(np.ones((0, 6)))


@pytest.mark.parametrize("shape", [(), (-1, -1), (0,), (-2,), (1.5,), (True,), 6, "ab"])
def test_bad_shapes_are_named(shape: Any) -> None:
    with pytest.raises(ValueError, match="Reshape: shape must be positive whole numbers, one of which may be -1; got"):
        Reshape(shape)


def test_is_described_by_its_arguments() -> None:
    assert Reshape([3, -1]).spec() == {"kind": "Reshape", "shape": (3, -1)}
