from __future__ import annotations

import pickle

from gradcheck.nn.activations.tanh import Tanh
from gradcheck.nn.layers.container import LayerError, walk
from gradcheck.nn.layers.residual import Residual
from gradcheck.nn.layers.sequential import Sequential


def test_walking_visits_every_layer_once_with_its_name() -> None:
    layer = Sequential(Tanh(), Residual(Sequential(Tanh()), shortcut=Tanh()))
    assert [(name, type(inner).__name__) for name, inner in walk(layer)] == [
        ("", "Sequential"),
        ("layers.0", "Tanh"),
        ("layers.1", "Residual"),
        ("layers.1.layers.0", "Sequential"),
        ("layers.1.layers.0.layers.0", "Tanh"),
        ("layers.1.shortcut", "Tanh"),
    ]


def test_an_error_survives_being_sent_to_another_process() -> None:
    error = pickle.loads(pickle.dumps(LayerError("layers.1", "Tanh(): no")))
    assert str(error) == "layers.1: Tanh(): no"
    assert error.where == "layers.1"
