"""What a training run takes from a subject and the options."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.app.examples.xor import BATCH, QuestionNetwork
from gradcheck.nn import Adam, CrossEntropyWithLogits, Dense, Embedding, Flatten, MeanSquaredError, Network
from gradcheck.subjects.convert import as_subject
from gradcheck.training.doctor.build_run import build_run, rule_from_options
from gradcheck.training.doctor.run import TrainingRun

RNG = np.random.default_rng(0)


def run_of(*target: Any, steps: int | None = None, **given: Any) -> TrainingRun:
    return build_run(as_subject(*target, **given), rule_from_options(0.1, None), steps)


def dense(dtype: Any = np.float64) -> TrainingRun:
    net = Network([Dense(3, 2, rng=0, dtype=dtype)], MeanSquaredError())
    return run_of(net, batch=(RNG.standard_normal((5, 3)).astype(dtype), RNG.standard_normal((5, 2)).astype(dtype)))


def test_a_network_has_loss_and_gradient_in_one_pass_if_it_computes_in_double_precision() -> None:
    run = dense()
    assert run.value_and_gradient is not None
    value, gradient = run.value_and_gradient(run.start)
    assert value == run.subject.loss(run.subject.point)
    np.testing.assert_array_equal(gradient, run.layout.vector(run.subject.gradient(run.subject.point)))
    assert dense(np.float32).value_and_gradient is None


def test_inputs_are_the_samples_but_not_indices() -> None:
    inputs = dense().inputs
    assert inputs is not None
    assert inputs.shape == (5, 3)
    words = Network([Embedding(20, 2, rng=0), Flatten(), Dense(8, 2, rng=0)], CrossEntropyWithLogits())
    assert run_of(words, batch=(RNG.integers(0, 20, (6, 4)), RNG.integers(0, 2, 6))).inputs is None
    assert run_of(lambda x: float(x @ x), lambda x: 2 * x, np.ones(2)).inputs is None


def test_whether_the_step_budget_was_specified_is_kept() -> None:
    assert not dense().budget_specified
    given = run_of(QuestionNetwork(), batch=BATCH, steps=5)
    assert (given.step_budget, given.budget_specified, given.loop_line) == (5, True, None)


def test_only_networks_show_the_gradient_at_their_layers() -> None:
    assert dense().layer_gradients is not None
    model = run_of(QuestionNetwork(), batch=BATCH)
    assert model.layer_gradients is None
    assert model.hidden_layers is not None


def test_the_rule_is_the_optimisers_or_gradient_descent() -> None:
    assert rule_from_options(0.5, None).name == "gradient descent"
    assert (rule_from_options(0.5, Adam(0.02)).name, rule_from_options(0.5, Adam(0.02)).step) == ("Adam", 0.02)
