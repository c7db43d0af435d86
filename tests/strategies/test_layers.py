"""Single layers are right, print as the call that makes them, and cover every kind."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings

import gradcheck
from gradcheck import nn
from gradcheck.errors import SubjectError
from gradcheck.nn.kinds import ACTIVATIONS, LAYERS
from gradcheck.strategies import drawn_layer, layers
from gradcheck.subjects.layer import LayerSubject
from tests.profiles import DERANDOMIZE
from tests.strategies import library

few = settings(max_examples=30, deadline=None, derandomize=DERANDOMIZE, database=None)
unshrunk = settings(database=None, derandomize=True, phases=[Phase.generate])


@few
@given(layers())
def test_layers_take_their_batch_and_are_right(layer: nn.Layer) -> None:
    (x,) = layer.batch  # type: ignore[attr-defined]
    y = layer.forward(x)
    assert len(y) == len(x)
    assert gradcheck.check_gradients(LayerSubject(layer, x, "layer"), rng=0).verdict.value != "fail"


@few
@given(layers())
def test_a_printed_layer_is_the_same_again(layer: nn.Layer) -> None:
    again = eval(repr(layer), {"drawn_layer": drawn_layer})
    assert type(again).__name__ == type(layer).__name__
    np.testing.assert_array_equal(layer.forward(*layer.batch), again.forward(*again.batch))  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", [*LAYERS, *ACTIVATIONS])
def test_each_kind_can_be_drawn(kind: str) -> None:
    layer = find(layers(kinds=[kind], min_samples=3), lambda layer: True, settings=unshrunk)
    assert isinstance(layer, getattr(nn, kind))


@few
@given(layers(kinds=[library.Gate, library.Tanh], shape=(3,)))
def test_own_layers_are_wrapped(layer: nn.Layer) -> None:
    assert isinstance(layer, nn.Layer)
    assert type(layer).__name__ in ("Gate", "Tanh")
    assert layer.batch[0].shape[1:] == (3,)  # type: ignore[attr-defined]


def test_a_shape_that_no_layer_takes_is_refused() -> None:
    with pytest.raises(SubjectError, match="none of the layers takes samples of shape"):
        layers(kinds=["Conv2D"], shape=(3,))
    with pytest.raises(SubjectError, match="batches of up to 2"):
        layers(kinds=["BatchNorm"], max_samples=2)
