"""The constant-prediction baseline is the entropy of the labels, or the variance of the targets."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.nn import CrossEntropyWithLogits, Dense, MeanSquaredError, Network, ReLU, Tanh
from gradcheck.subjects.convert import as_subject
from gradcheck.training.doctor.baseline import Baseline, constant_prediction_baseline
from gradcheck.training.doctor.build_run import build_run, rule_from_options


def baseline_of(network: Network, x: np.ndarray, y: np.ndarray) -> Baseline | None:
    run = build_run(as_subject(network, batch=(x, y)), rule_from_options(0.1, None), None)
    return constant_prediction_baseline(run)


def entropy(counts: list[int]) -> float:
    p = np.array(counts) / sum(counts)
    return float(-(p * np.log(p)).sum())


@pytest.mark.parametrize("counts", [[30, 30, 30], [50, 20, 10], [5, 80]])
def test_for_labels_it_is_their_entropy(counts: list[int]) -> None:
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(len(counts)), counts)
    network = Network([Dense(4, 6, rng=rng), Tanh(), Dense(6, len(counts), rng=rng)], CrossEntropyWithLogits())
    found = baseline_of(network, rng.standard_normal((len(y), 4)), y)
    assert found is not None
    assert found.loss == pytest.approx(entropy(counts), rel=1e-5)
    assert found.name == ("ln 3" if counts == [30, 30, 30] else "")


def test_for_a_squared_error_it_is_the_variance_of_the_targets() -> None:
    rng = np.random.default_rng(0)
    y = np.array([3.0, -1.0]) + rng.standard_normal((40, 2))
    network = Network([Dense(4, 6, rng=rng), ReLU(), Dense(6, 2, rng=rng)], MeanSquaredError())
    found = baseline_of(network, rng.standard_normal((40, 4)), y)
    assert found is not None
    assert found.loss == pytest.approx(y.var(axis=0).mean(), rel=1e-5)


def test_a_function_of_one_vector_has_none() -> None:
    subject = as_subject(lambda x: float(x @ x), lambda x: 2 * x, np.ones(3))
    assert constant_prediction_baseline(build_run(subject, rule_from_options(0.1, None), None)) is None


def test_it_is_written_with_its_name() -> None:
    assert str(Baseline(0.6931471805, "ln 2")) == "0.693147 = ln 2"
    assert str(Baseline(0.25, "")) == "0.25"
