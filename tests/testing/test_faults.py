"""Injected faults make the gradient wrong as they describe, and leave the outputs and the original alone."""

from __future__ import annotations

import numpy as np
import pytest

import gradcheck
from gradcheck import nn
from gradcheck.errors import SubjectError
from gradcheck.nn.layer import Array
from gradcheck.subjects.convert import as_subject
from gradcheck.subjects.network import NetworkSubject
from gradcheck.subjects.subject import Subject
from gradcheck.testing.faults import (
    AccumulatingLayer,
    Fault,
    FaultyLayer,
    FaultyLoss,
    StaleCacheLayer,
    UpdatesTooEarly,
    faulty_gradient,
    mutant,
    mutant_network,
    numerical_gradient,
    visible_faults,
)

RNG = np.random.default_rng(3)
X, Y = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 2))
UPSTREAM = RNG.normal(size=(5, 2))


def subject_of(g: Array) -> Subject:
    """A subject with one block, whose gradient is the given array."""
    return as_subject(lambda x: float(np.sum(g * x)), lambda x: g, np.ones(g.shape))


def network() -> nn.Network:
    made = nn.Network([nn.Dense(3, 4, rng=0), nn.Tanh(), nn.Dense(4, 2, rng=1)], nn.MeanSquaredError())
    for value in made.params.values():
        value += 0.3 * np.random.default_rng(7).normal(size=value.shape)
    return made


def test_a_fault_is_applied_with_its_factor_and_the_next_one_to_the_result() -> None:
    g = np.arange(1.0, 10.0).reshape(3, 3)
    subject = subject_of(g)
    name = subject.blocks[0].name
    transposed = Fault("transposed", "axes 0 and 1", name, factor=-2.0)
    np.testing.assert_array_equal(faulty_gradient(transposed, subject, subject.point, (g,)), -2 * g.T)
    then = Fault("transposed", "axes 0 and 1", name, then=Fault("reversed-axis", "axis 0", name))
    np.testing.assert_array_equal(faulty_gradient(then, subject, subject.point, (g,)), g.T[::-1])


def test_a_fault_that_does_not_apply_leaves_the_right_gradient() -> None:
    g = np.ones((3, 3))
    subject = subject_of(g)
    fault = Fault("transposed", "axes 0 and 1", subject.blocks[0].name)
    np.testing.assert_array_equal(faulty_gradient(fault, subject, subject.point, (g,)), g)


def test_only_faults_that_show_are_offered() -> None:
    """A symmetric matrix has no visible transpose; an antisymmetric one has one that is a flipped sign."""
    symmetric = np.array([[1.0, 2.0], [2.0, 5.0]])
    antisymmetric = np.array([[0.0, 2.0], [-2.0, 0.0]])
    for g, visible in ((symmetric, False), (antisymmetric, False), (symmetric + antisymmetric, True)):
        assert bool(list(visible_faults(subject_of(g), (g,), ["transposed"]))) is visible


def test_no_fault_is_offered_for_a_gradient_that_is_round_off() -> None:
    loss = as_subject(lambda p: float(np.sum(p["a"])), lambda p: p, {"a": np.ones(4), "b": np.ones(4)})
    right = (np.array([1.0, 2.0, 3.0, 5.0]), 1e-16 * np.array([1.0, 2.0, 3.0, 5.0]))
    assert {fault.block for fault in visible_faults(loss, right, ["sign-flipped"])} == {"a"}


def test_the_numerical_gradient_is_accurate() -> None:
    x = RNG.normal(size=(2, 3))
    found = numerical_gradient(lambda point: float(np.sum(np.sin(point[1]) * point[0][0])), (np.ones(1), x), 1)
    np.testing.assert_allclose(found, np.cos(x), rtol=1e-8)


def test_a_faulty_layer_has_the_right_output_and_one_wrong_gradient() -> None:
    right, layer = nn.Dense(3, 2, rng=0), nn.Dense(3, 2, rng=0)
    wrong = mutant(layer, FaultyLayer, Fault("sign-flipped", "", "W"))
    assert type(wrong).__name__ == "Dense"
    np.testing.assert_array_equal(wrong.forward(X), right.forward(X))
    np.testing.assert_array_equal(wrong.backward(UPSTREAM), right.backward(UPSTREAM))
    np.testing.assert_array_equal(wrong.grads["W"], -right.grads["W"])
    np.testing.assert_array_equal(wrong.grads["b"], right.grads["b"])


def test_a_faulty_loss_has_the_right_value_and_a_wrong_gradient() -> None:
    right = nn.MeanSquaredError()
    wrong = mutant(nn.MeanSquaredError(), FaultyLoss, Fault("sign-flipped", "", "prediction"))
    assert wrong.forward(UPSTREAM, Y) == right.forward(UPSTREAM, Y)
    np.testing.assert_array_equal(wrong.backward(), -right.backward())


def test_an_accumulating_layer_adds_up_the_gradients_of_the_block() -> None:
    layer = mutant(nn.Dense(3, 2, rng=0), AccumulatingLayer, Fault("accumulated", "", "W"))
    layer.forward(X)
    layer.backward(UPSTREAM)
    first, bias = layer.grads["W"].copy(), layer.grads["b"].copy()
    layer.backward(UPSTREAM)
    np.testing.assert_allclose(layer.grads["W"], 2 * first)
    np.testing.assert_array_equal(layer.grads["b"], bias)


def test_a_stale_cache_layer_differentiates_at_its_first_input() -> None:
    first, second = RNG.normal(size=(2, 5, 2))
    layer = mutant(nn.Tanh(), StaleCacheLayer)
    layer.forward(first)
    np.testing.assert_allclose(layer.backward(UPSTREAM), UPSTREAM * (1 - np.tanh(first) ** 2))
    layer.forward(second)
    np.testing.assert_allclose(layer.backward(UPSTREAM), UPSTREAM * (1 - np.tanh(first) ** 2))


def test_a_layer_that_updates_too_early_uses_its_new_weights_for_its_input() -> None:
    layer = mutant(nn.Dense(3, 2, rng=0), UpdatesTooEarly)
    before = layer.params["W"].copy()
    layer.forward(X)
    downstream = layer.backward(UPSTREAM)
    assert not np.allclose(layer.params["W"], before)
    np.testing.assert_allclose(downstream, UPSTREAM @ layer.params["W"].T)
    np.testing.assert_allclose(layer.grads["W"], X.T @ UPSTREAM)


@pytest.mark.parametrize(
    ("fault", "place", "where"),
    [
        (Fault("sign-flipped", "", "W"), "layers.2", "layers.2.W"),
        (Fault("missing-activation-derivative", "", "x"), "layers.1", "layers.1 (Tanh)"),
        (Fault("sign-flipped", "", "prediction"), "loss", "loss (MeanSquaredError)"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.slug,
)
def test_a_mutant_network_fails_where_the_fault_is_and_the_original_still_passes(
    fault: Fault, place: str, where: str
) -> None:
    right = network()
    report = gradcheck.check_gradients(mutant_network(right, fault, place), batch=(X, Y), rng=0)
    assert report.verdict.value == "fail"
    assert report.findings[0].slug == fault.slug
    assert report.findings[0].where.startswith(where)
    assert gradcheck.check_gradients(right, batch=(X, Y), rng=0)


@pytest.mark.parametrize("place", ["layers.3", "layer.0", "layers.x", ""])
def test_a_place_that_does_not_exist_is_refused(place: str) -> None:
    with pytest.raises(SubjectError, match="has no place"):
        mutant_network(network(), Fault("sign-flipped", "", "W"), place)


def test_faults_of_a_part_are_computed_on_demand() -> None:
    """The first fault of the catalogue is the flipped sign of the first block."""
    part = next(part for part in NetworkSubject(network(), (X, Y)).parts() if part.place == "layers.0")
    point = tuple(x.copy() for x in part.point)
    first = next(visible_faults(part, part.gradient(point)))
    assert (first.slug, first.block) == ("sign-flipped", part.blocks[0].name)
