from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.nn.regularisers import L1, L2, Elastic, Regulariser
from tests.nn.reference import assert_close, tensor

SHAPES = {
    "W": (2, 3),
    "b": (3,),
    "layers.0.W": (4, 2, 3, 3),
    "layers.0.b": (4,),
    "layers.1.gamma": (2,),
    "layers.1.beta": (2,),
    "layers.2.layers.0.Wx": (1, 1),
    "layers.2.layers.0.Wh": (3, 1),
    "layers.2.layers.0.bh": (3,),
    "Wide.b": (3,),
}
WEIGHTS = ["W", "layers.0.W", "layers.2.layers.0.Wx", "layers.2.layers.0.Wh"]

BOTH: list[tuple[Regulariser, Callable[[Any], Any]]] = [
    (L1(0.3), lambda W: 0.3 * W.abs().sum()),
    (L2(0.7), lambda W: 0.7 / 2 * (W**2).sum()),
    (Elastic(0.3, 0.7), lambda W: 0.3 * W.abs().sum() + 0.7 / 2 * (W**2).sum()),
    (L2(0.0), lambda W: 0 * W.sum()),
]


@pytest.mark.parametrize(("regulariser", "penalty"), BOTH)
def test_agrees_with_torch(regulariser: Regulariser, penalty: Callable[[Any], Any]) -> None:
    rng = np.random.default_rng(0)
    params = {name: rng.standard_normal(shape) for name, shape in SHAPES.items()}
    params["W"][0, 0] = 0.0
    theirs = {name: tensor(params[name], grad=True) for name in WEIGHTS}
    total = sum(penalty(W) for W in theirs.values())
    total.backward()
    value, gradient = regulariser.value(params), regulariser.gradient(params)
    assert type(value) is float
    assert_close(value, total)
    assert list(gradient) == WEIGHTS
    for name, W in theirs.items():
        assert_close(gradient[name], W.grad, name)


@pytest.mark.parametrize(
    "regulariser", [L1(0.3), L2(0.7), Elastic(0.3, 0.7), Elastic(np.float64(0.3), np.float64(0.7))]
)
def test_float32_stays_float32(regulariser: Regulariser) -> None:
    assert regulariser.gradient({"W": np.ones((2, 3), np.float32)})["W"].dtype == np.float32


def test_no_weights_add_nothing() -> None:
    assert L1(1.0).value({"b": np.ones(3)}) == 0.0
    assert L1(1.0).gradient({"b": np.ones(3)}) == {}


def test_the_gradient_is_no_view_of_the_weights() -> None:
    W = np.ones((2, 2))
    L2(1.0).gradient({"W": W})["W"][...] = 5.0
    np.testing.assert_array_equal(W, np.ones((2, 2)))


def test_described_by_plain_data() -> None:
    assert L1(0.5).spec() == {"kind": "L1", "strength": 0.5}
    assert repr(Elastic(0.5, 1)) == "Elastic(l1=0.5, l2=1.0)"


@pytest.mark.parametrize("wrong", [-1.0, float("nan"), float("inf")])
def test_bad_strengths_are_named(wrong: float) -> None:
    with pytest.raises(ValueError, match=f"L1: strength must be a finite number of at least 0, got {wrong}"):
        L1(wrong)
    with pytest.raises(ValueError, match="L2: strength"):
        L2(wrong)
    with pytest.raises(ValueError, match="Elastic: l2"):
        Elastic(1.0, wrong)
