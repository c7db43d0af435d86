"""Loss and gradient of a run far from the start, and weights drawn again."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradcheck.app.examples.xor import BATCH, QuestionNetwork
from gradcheck.subjects.convert import as_subject
from gradcheck.training.doctor.run import TrainingRun, redrawn_weights
from gradcheck.training.doctor.weight_blocks import weight_blocks


def loss(x: np.ndarray) -> float:
    if np.abs(x).max() > 50:
        raise RuntimeError("out of range")
    return float(x @ x)


def bounded_run() -> TrainingRun:
    return TrainingRun(as_subject(loss, lambda x: 2 * x if loss(x) else x, np.ones(3)), None)


def test_an_exception_gives_nan_and_counts_as_an_evaluation() -> None:
    run = bounded_run()
    assert run.loss(run.start) == 3.0
    assert math.isnan(run.loss(np.full(3, 100.0)))
    assert np.isnan(run.gradient(np.full(3, 100.0))).all()
    assert (run.counts.losses, run.counts.gradients) == (2, 1)


def test_parameters_that_are_not_finite_are_not_evaluated() -> None:
    run = bounded_run()
    assert math.isnan(run.loss(np.array([1.0, np.inf, 0.0])))
    assert np.isnan(run.gradient(np.array([1.0, np.nan, 0.0]))).all()


def test_both_ways_to_the_loss_agree() -> None:
    plain = bounded_run()
    fast = TrainingRun(plain.subject, None, value_and_gradient=lambda x: (loss(x), 2 * x))
    theta = np.array([1.0, -2.0, 3.0])
    assert plain.loss(theta) == fast.loss(theta)
    np.testing.assert_array_equal(plain.gradient(theta), fast.gradient(theta))


def test_redrawn_weights_keep_their_size_and_leave_biases_alone() -> None:
    model = QuestionNetwork(scale=0.01, seed=0)
    model.params["b1"][...] = 3.0
    subject = as_subject(model, batch=BATCH)
    run = TrainingRun(subject, None, weights=weight_blocks(subject.blocks, rows=True))
    draws = np.array([redrawn_weights(run, np.random.default_rng(seed)) for seed in range(400)])
    w1 = run.layout.slices[[block.name for block in subject.blocks].index("w1")]
    b1 = run.layout.slices[[block.name for block in subject.blocks].index("b1")]
    assert draws[:, w1].std() == pytest.approx(np.sqrt(np.mean(run.start[w1] ** 2)), rel=0.05)
    assert (draws[:, b1] == 3.0).all()
