"""Curvature, chance level, anatomy, units and signals against what is known of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradcheck.app.examples.xor import BATCH, QuestionNetwork
from gradcheck.nn import (
    BinaryCrossEntropyWithLogits,
    CrossEntropyWithLogits,
    Dense,
    MeanSquaredError,
    Network,
    ReLU,
    Sigmoid,
    Tanh,
)
from gradcheck.subjects.convert import as_subject
from gradcheck.subjects.subject import Block
from gradcheck.training.doctor.baseline import chance
from gradcheck.training.doctor.blocks import weights_of
from gradcheck.training.doctor.causes.dead_units import share
from gradcheck.training.doctor.causes.symmetric_units import spread
from gradcheck.training.doctor.curvature import curvature
from gradcheck.training.doctor.read import patient_of, regimen_of
from gradcheck.training.doctor.run import Patient
from gradcheck.training.doctor.units import of_samples


def patient(*target: object, **given: object) -> Patient:
    return patient_of(as_subject(*target, **given), regimen_of(0.1, None), None)  # type: ignore[arg-type]


@pytest.mark.parametrize("n", [3, 40, 150])
def test_curvatures_are_the_ends_of_the_spectrum(n: int) -> None:
    rng = np.random.default_rng(n)
    values = np.concatenate([[-3.0], rng.uniform(0, 1, n - 2), [7.0]])
    basis = np.linalg.qr(rng.standard_normal((n, n)))[0]
    hessian = basis @ np.diag(values) @ basis.T
    ill = patient(lambda x: float(0.5 * x @ hessian @ x), lambda x: hessian @ x, rng.standard_normal(n))
    found = curvature(ill, ill.start, rng)
    assert found is not None
    assert found.lowest == pytest.approx(-3.0, abs=1e-5)
    assert found.highest == pytest.approx(7.0, abs=1e-5)
    assert abs(found.down @ basis[:, 0]) == pytest.approx(1.0, abs=1e-4)
    gradient = hessian @ ill.start
    assert found.along == pytest.approx(gradient @ hessian @ gradient / (gradient @ gradient), rel=1e-5)


def test_curvature_has_an_error_where_products_do_not_suffice() -> None:
    rng = np.random.default_rng(0)
    scales = np.linspace(-1, 1, 400)
    ill = patient(lambda x: float(0.5 * np.sum(scales * x**2)), lambda x: scales * x, np.ones(400))
    found = curvature(ill, ill.start, rng, products=10)
    assert found is not None
    assert -1 <= found.lowest < 0
    assert found.errors[0] > 1e-3
    nearest = np.abs(scales - found.lowest).min()
    assert nearest <= found.errors[0]


def _shares(counts: list[int]) -> float:
    p = np.array(counts) / sum(counts)
    return float(-(p * np.log(p)).sum())


@pytest.mark.parametrize("counts", [[30, 30, 30], [50, 20, 10], [5, 80]])
def test_chance_level_is_the_entropy_of_the_labels(counts: list[int]) -> None:
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(len(counts)), counts)
    net = Network([Dense(4, 6, rng=rng), Tanh(), Dense(6, len(counts), rng=rng)], CrossEntropyWithLogits())
    found = chance(patient(net, batch=(rng.standard_normal((len(y), 4)), y)))
    assert found is not None
    assert found.level == pytest.approx(_shares(counts), rel=1e-5)
    assert found.name == ("ln 3" if counts == [30, 30, 30] else "")


def test_chance_level_of_a_squared_error_is_the_variance_of_the_targets() -> None:
    rng = np.random.default_rng(0)
    y = np.array([3.0, -1.0]) + rng.standard_normal((40, 2))
    net = Network([Dense(4, 6, rng=rng), ReLU(), Dense(6, 2, rng=rng)], MeanSquaredError())
    found = chance(patient(net, batch=(rng.standard_normal((40, 4)), y)))
    assert found is not None
    assert found.level == pytest.approx(y.var(axis=0).mean(), rel=1e-5)


def test_a_function_of_one_vector_has_no_chance_level() -> None:
    assert chance(patient(lambda x: float(x @ x), lambda x: 2 * x, np.ones(3))) is None


@pytest.mark.parametrize(
    ("shapes", "fans"),
    [
        ({"W1": (5, 2), "b1": (5, 1), "W2": (1, 5), "b2": (1, 1)}, [(2, 5), (5, 1)]),
        ({"w1": (2, 5), "b1": (5,), "w2": (5, 1), "b2": (1,)}, [(2, 5), (5, 1)]),
        ({"W1": (4, 4), "b1": (1, 4), "W2": (4, 3)}, [(4, 4), (4, 3)]),
        ({"w1": (5, 2), "w2": (1, 5), "b1": (5, 1), "b2": (1, 1)}, [(2, 5), (5, 1)]),
        ({"K": (8, 3, 5, 5), "b": (8,)}, [(75, 200)]),
    ],
)
def test_fans_are_read_from_how_shapes_fit_together(
    shapes: dict[str, tuple[int, ...]], fans: list[tuple[int, int]]
) -> None:
    found = weights_of([Block(name, shape, "float64") for name, shape in shapes.items()])
    assert [(w.inputs, w.outputs) for w in found] == fans


def test_hidden_units_of_a_plain_model_are_seen_through_single_samples() -> None:
    model = QuestionNetwork(scale=1.0, seed=3)
    ill = patient(model, batch=BATCH)
    (layer,) = of_samples(ill.subject, ill.subject.point, [(2, True)])
    hidden = model.forward(BATCH[0])[0]
    np.testing.assert_allclose(layer.outputs, hidden / hidden.max(axis=1, keepdims=True), rtol=1e-9)
    assert spread(layer.outputs) > 0.02


def test_units_of_a_network_are_seen_with_their_slopes() -> None:
    rng = np.random.default_rng(0)
    net = Network(
        [Dense(3, 4, rng=rng), Sigmoid(), Dense(4, 2, rng=rng), ReLU(), Dense(2, 1, rng=rng)], MeanSquaredError()
    )
    x, y = rng.standard_normal((7, 3)), rng.standard_normal((7, 1))
    ill = patient(net, batch=(x, y))
    assert ill.observe is not None
    sigmoid, relu = ill.observe(ill.start)
    a = 1 / (1 + np.exp(-(x @ net.params["layers.0.W"])))
    np.testing.assert_allclose(sigmoid.outputs, a)
    assert sigmoid.slopes is not None
    np.testing.assert_allclose(sigmoid.slopes, a * (1 - a))
    assert (sigmoid.clipped, relu.clipped) == (False, True)
    assert share(relu) == float((relu.outputs == 0).all(axis=0).mean())


def test_signals_are_the_gradients_that_arrive() -> None:
    rng = np.random.default_rng(1)
    net = Network([Dense(3, 4, rng=rng), Tanh(), Dense(4, 1, rng=rng)], BinaryCrossEntropyWithLogits())
    x, y = rng.standard_normal((6, 3)), (np.arange(6) % 2)[:, None].astype(float)
    ill = patient(net, batch=(x, y))
    assert ill.signals is not None
    first, last = ill.signals(ill.start)
    hidden = np.tanh(x @ net.params["layers.0.W"])
    delta = (1 / (1 + np.exp(-hidden @ net.params["layers.2.W"])) - y) / 6
    assert last.size == pytest.approx(math.sqrt(np.mean(delta**2)))
    back = (delta @ net.params["layers.2.W"].T) * (1 - hidden**2)
    assert first.size == pytest.approx(math.sqrt(np.mean(back**2)))
