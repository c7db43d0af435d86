"""Layers and losses are classified by what they compute: elementwise, masks, losses of logits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import nn
from gradcheck.subjects.layer import LayerSubject, LossSubject
from gradcheck.subjects.views import LayerView, LossView

X = np.random.default_rng(0).standard_normal((4, 6))


def layer_view(layer: nn.Layer, x: Any = X) -> LayerView:
    subject = LayerSubject(layer, x, "layers.0")
    return subject.view(subject.point)


class Shift(nn.Layer):
    """Takes its neighbour's entry: of the input's shape, but not elementwise."""

    def forward(self, x: Any) -> Any:
        y = np.roll(self._input(x, "..."), 1)
        self._keep(y)
        return y

    def backward(self, upstream: Any) -> Any:
        return np.roll(upstream, -1)


@pytest.mark.parametrize(
    ("layer", "elementwise", "masked"),
    [
        (nn.Tanh(), True, False),
        (nn.Dropout(0.5, seed=1), True, True),
        (nn.Softmax(), False, False),
        (nn.Dense(6, 6, rng=0), False, False),
        (nn.Flatten(), True, False),
        (Shift(), False, False),
    ],
    ids=lambda value: repr(value),
)
def test_layers_are_classified(layer: nn.Layer, elementwise: bool, masked: bool) -> None:
    view = layer_view(layer)
    assert (view.elementwise, view.masked) == (elementwise, masked)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_small_inputs_are_classified_too(size: int) -> None:
    assert layer_view(nn.Tanh(), X[:1, :size]).elementwise
    assert layer_view(Shift(), X[:1, :size]).elementwise is (size == 1)


@pytest.mark.parametrize(
    ("loss", "logits"),
    [(nn.CrossEntropyWithLogits(), True), (nn.CrossEntropy(), False), (nn.MeanSquaredError(), True)],
    ids=lambda value: repr(value),
)
def test_a_loss_of_logits_accepts_what_is_no_probability(loss: nn.Loss, logits: bool) -> None:
    shares = np.array([[0.25, 0.75], [0.5, 0.5]])
    subject = LossSubject(loss, shares, np.array([[0.0, 1.0], [1.0, 0.0]]))
    view = subject.view(subject.point)
    assert isinstance(view, LossView)
    assert view.logits is logits
    assert view.value == float(loss.forward(shares, [[0.0, 1.0], [1.0, 0.0]]))
