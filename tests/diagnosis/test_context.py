"""What can be observed of a subject at a point: layers and losses show themselves, plain functions do not."""

from __future__ import annotations

import numpy as np
import pytest

import gradcheck.nn as nn
from gradcheck.diagnosis.context import Context
from gradcheck.subjects.convert import as_subject
from gradcheck.subjects.subject import Subject, copied
from gradcheck.subjects.views import LayerView, LossView
from tests.cases import BATCH, INPUTS, Array, logcosh


def context_of(subject: Subject) -> Context:
    return Context(subject, subject.point, subject.gradient(copied(subject.point)))


def parts() -> dict[str, Context]:
    """Contexts of the parts of a network, by name."""
    network = nn.Network([nn.Dense(3, 2, rng=0), nn.Tanh()], nn.MeanSquaredError())
    return {part.place: context_of(part) for part in as_subject(network, batch=BATCH).parts()}


def test_a_function_is_neither_layer_nor_loss() -> None:
    context = context_of(as_subject(logcosh, np.tanh, np.ones(3)))
    assert (context.view, context.layer, context.loss) == (None, None, None)
    assert not context.is_input(0)
    assert context.activation(0) is None


def test_a_block_called_x_is_no_input_unless_it_is_that_of_a_layer() -> None:
    function = context_of(as_subject(lambda p: logcosh(p["x"]), lambda p: {"x": np.tanh(p["x"])}, {"x": np.ones(3)}))
    assert function.subject.blocks[0].name == "x"
    assert not function.is_input(0)
    tanh = parts()["layers.1"]
    assert tanh.subject.blocks[0].name == "x"
    assert tanh.is_input(0)


def test_layers_and_losses_show_what_they_do() -> None:
    found = parts()
    dense, tanh, loss = found["layers.0"], found["layers.1"], found["loss"]
    assert isinstance(dense.layer, LayerView)
    assert isinstance(loss.loss, LossView)
    assert dense.loss is None
    assert tanh.loss is None
    assert loss.layer is None
    np.testing.assert_allclose(dense.layer.x, INPUTS)
    assert tanh.layer is not None
    np.testing.assert_allclose(tanh.layer.y, np.tanh(tanh.layer.x))
    assert loss.is_input(0)


def test_parameters_are_no_inputs() -> None:
    dense = parts()["layers.0"]
    names = [block.name for block in dense.subject.blocks]
    assert [name for b, name in enumerate(names) if dense.is_input(b)] == ["x"]
    assert {"W", "b"} <= set(names)


def test_only_an_elementwise_layer_is_an_activation() -> None:
    found = parts()
    assert found["layers.1"].activation(0) is found["layers.1"].layer
    assert found["loss"].activation(0) is None
    assert all(found["layers.0"].activation(b) is None for b in range(3))


def test_the_view_is_made_once() -> None:
    tanh = parts()["layers.1"]
    assert tanh.view is tanh.view


@pytest.mark.parametrize("grows", [False, True])
def test_the_gradient_is_claimed_three_times_more(grows: bool) -> None:
    calls = 0

    def gradient(x: Array) -> Array:
        nonlocal calls
        calls += 1
        return np.tanh(x) * (calls if grows else 1)

    context = context_of(as_subject(logcosh, gradient, np.ones(3)))
    first, second, third = context.repeated
    np.testing.assert_allclose(first[0], np.tanh(1.0) * (2 if grows else 1))
    np.testing.assert_allclose(second[0], np.tanh(1.0) * (3 if grows else 1))
    np.testing.assert_allclose(third[0], np.tanh(1.0) * (4 if grows else 1))
    assert context.repeated[0] is first
    assert calls == 4


def test_a_gradient_that_writes_into_the_point_does_not_move_it() -> None:
    def gradient(x: Array) -> Array:
        claim = np.tanh(x)
        x += 1.0
        return claim

    context = context_of(as_subject(logcosh, gradient, np.ones(3)))
    np.testing.assert_array_equal(context.repeated[0][0], context.repeated[1][0])
    np.testing.assert_array_equal(context.point[0], 1.0)
