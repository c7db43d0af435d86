"""When a run counts as stalled, solved, or at the baseline."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.app.examples.xor import BATCH, QuestionNetwork
from gradcheck.nn import SGD, CrossEntropyWithLogits, Dense, Network, Sigmoid
from gradcheck.subjects.convert import as_subject
from gradcheck.training.doctor.build_run import build_run, rule_from_options
from gradcheck.training.doctor.measurements import Measurements


def measured(*target: Any, step: float = 0.1, steps: int | None = None, **given: Any) -> Measurements:
    run = build_run(as_subject(*target, **given), rule_from_options(step, None), steps)
    return Measurements(run, np.random.default_rng(0))


def offset_parabola(offset: float, **options: Any) -> Measurements:
    return measured(lambda x: offset + float(x @ x), lambda x: 2 * x, np.ones(3), **options)


def test_a_loss_that_halves_is_not_stalled() -> None:
    found = offset_parabola(0.0)
    assert found.target_loss == 1.5
    assert not found.stalled
    assert found.trajectory.final_loss <= 1.5


def test_a_loss_that_cannot_halve_is_stalled() -> None:
    assert offset_parabola(10.0).stalled


@pytest.mark.parametrize(("steps", "executed"), [(7, 7), (50_000, 2_000)])
def test_steps_are_limited(steps: int, executed: int) -> None:
    found = offset_parabola(10.0, step=1e-9, steps=steps)
    assert found.trajectory.steps[-1] == executed


def test_a_negative_loss_has_a_lower_target() -> None:
    assert measured(lambda x: float(x @ x) - 9, lambda x: 2 * x, np.ones(1)).target_loss == -12.0


def test_a_tiny_network_stalls_at_the_baseline() -> None:
    found = measured(QuestionNetwork(scale=0.01), batch=BATCH, step=0.03)
    assert found.stalled
    assert found.at_baseline
    assert not found.solved


def test_a_trained_network_is_solved_and_not_stalled() -> None:
    net = Network([Dense(2, 8, scale=1.0, rng=0), Sigmoid(), Dense(8, 2, scale=1.0, rng=1)], CrossEntropyWithLogits())
    labels = np.array([0, 1, 1, 0])
    net.fit(BATCH[0], labels, SGD(5.0), steps=3000)
    found = measured(net, batch=(BATCH[0], labels), step=1e-9)
    assert found.trajectory.final_loss > found.target_loss
    assert found.solved
    assert not found.stalled


def test_the_gradient_flow_is_shown_only_if_it_was_needed() -> None:
    found = offset_parabola(0.0)
    assert found.if_measured("gradient_flow") is None
    flow = found.gradient_flow
    assert found.if_measured("gradient_flow") is flow
