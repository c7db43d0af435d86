"""Hidden units of a network, and those inferred from the gradients of single samples."""

from __future__ import annotations

import numpy as np

from gradcheck.app.examples.xor import BATCH, QuestionNetwork
from gradcheck.nn import Dense, MeanSquaredError, Network, ReLU, Sigmoid
from gradcheck.subjects.convert import as_subject
from gradcheck.training.doctor.hidden_units import hidden_layers_from_gradients, network_hidden_layers


def test_gradients_of_single_samples_show_hidden_units_up_to_a_factor() -> None:
    model = QuestionNetwork(scale=1.0, seed=3)
    subject = as_subject(model, batch=BATCH)
    (layer,) = hidden_layers_from_gradients(subject, subject.point, [(2, True)])
    hidden = model.forward(BATCH[0])[0]
    assert layer.up_to_factor
    np.testing.assert_allclose(layer.outputs, hidden / hidden.max(axis=1, keepdims=True), rtol=1e-9)


def test_a_gradient_that_is_not_an_outer_product_shows_none() -> None:
    """With the weights of the first layer along the wrong axis, the factor of one row has a single entry."""
    model = QuestionNetwork(scale=1.0, seed=3)
    subject = as_subject(model, batch=BATCH)
    assert hidden_layers_from_gradients(subject, subject.point, [(2, False)]) == []
    assert hidden_layers_from_gradients(subject, subject.point, []) == []


def test_units_of_a_network_have_their_outputs_and_slopes() -> None:
    rng = np.random.default_rng(0)
    net = Network(
        [Dense(3, 4, rng=rng), Sigmoid(), Dense(4, 2, rng=rng), ReLU(), Dense(2, 1, rng=rng)], MeanSquaredError()
    )
    x, y = rng.standard_normal((7, 3)), rng.standard_normal((7, 1))
    subject = as_subject(net, batch=(x, y))
    sigmoid, relu = network_hidden_layers(subject, subject.point)
    a = 1 / (1 + np.exp(-(x @ net.params["layers.0.W"])))
    np.testing.assert_allclose(sigmoid.outputs, a)
    assert sigmoid.slopes is not None
    np.testing.assert_allclose(sigmoid.slopes, a * (1 - a))
    assert (sigmoid.has_flat_side, relu.has_flat_side) == (False, True)


def test_an_activation_after_the_last_weights_is_not_hidden() -> None:
    rng = np.random.default_rng(0)
    net = Network([Dense(3, 4, rng=rng), Sigmoid()], MeanSquaredError())
    subject = as_subject(net, batch=(rng.standard_normal((7, 3)), rng.standard_normal((7, 4))))
    assert network_hidden_layers(subject, subject.point) == []
