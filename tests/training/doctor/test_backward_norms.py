"""Layer gradients are those that backpropagation computes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradcheck.nn import BinaryCrossEntropyWithLogits, Dense, Network, Tanh
from gradcheck.subjects.convert import as_subject
from gradcheck.training.doctor.backward_norms import network_layer_gradients


def test_layer_gradients_are_the_upstream_gradients() -> None:
    rng = np.random.default_rng(1)
    net = Network([Dense(3, 4, rng=rng), Tanh(), Dense(4, 1, rng=rng)], BinaryCrossEntropyWithLogits())
    x, y = rng.standard_normal((6, 3)), (np.arange(6) % 2)[:, None].astype(float)
    subject = as_subject(net, batch=(x, y))
    first, last = network_layer_gradients(subject, subject.point)
    hidden = np.tanh(x @ net.params["layers.0.W"])
    delta = (1 / (1 + np.exp(-hidden @ net.params["layers.2.W"])) - y) / 6
    assert last.rms == pytest.approx(math.sqrt(np.mean(delta**2)))
    back = (delta @ net.params["layers.2.W"].T) * (1 - hidden**2)
    assert first.rms == pytest.approx(math.sqrt(np.mean(back**2)))
    assert (first.name, last.name) == ("layers.0", "layers.2")


def test_the_network_itself_is_not_changed() -> None:
    net = Network([Dense(3, 1, rng=np.random.default_rng(0))], BinaryCrossEntropyWithLogits())
    subject = as_subject(net, batch=(np.ones((2, 3)), np.ones((2, 1))))
    network_layer_gradients(subject, subject.point)
    assert "backward" not in vars(net.layers[0])
