"""The predicted number of steps to leave a plateau is the number that descent takes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradcheck.app.examples.xor import BATCH
from gradcheck.nn import Momentum
from gradcheck.subjects.convert import as_subject
from gradcheck.training.doctor.build_run import build_run, rule_from_options
from gradcheck.training.doctor.gradient_flow import GradientFlow, integrate_gradient_flow
from gradcheck.training.doctor.run import TrainingRun
from tests.training.doctor.xor import descent_steps, question_network

RATE, LEVEL = 0.03, math.log(2)


def question_run(scale: float, seed: int) -> TrainingRun:
    subject = as_subject(question_network(scale, seed), batch=BATCH)
    return build_run(subject, rule_from_options(RATE, None), None)


def flow_of(scale: float, seed: int) -> GradientFlow:
    run = question_run(scale, seed)
    return integrate_gradient_flow(run, run.start, LEVEL)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("scale", [1.0, 0.3, 0.1])
def test_predicted_steps_are_those_that_descent_takes(scale: float, seed: int) -> None:
    flow = flow_of(scale, seed)
    taken = descent_steps(question_network(scale, seed), RATE, LEVEL / 2, 120_000)
    assert flow.steps_to_escape(RATE) == pytest.approx(taken, rel=0.02)
    assert flow.gradients < 2_000


@pytest.mark.parametrize(("scale", "steps"), [(1.0, 5_385), (0.3, 13_744), (0.1, 52_401)])
def test_steps_from_the_first_seed_are_those_counted_before(scale: float, steps: int) -> None:
    assert flow_of(scale, 0).steps_to_escape(RATE) == pytest.approx(steps, rel=1e-3)


@pytest.mark.parametrize(("seed", "steps"), [(0, 3_967_000), (1, 8.3e6)])
def test_the_start_of_the_question_needs_millions_of_steps(seed: int, steps: float) -> None:
    flow = flow_of(0.01, seed)
    assert flow.steps_to_escape(RATE) == pytest.approx(steps, rel=0.005)
    assert flow.gradients < 2_000
    assert flow.fraction_near(LEVEL, 0.01) > 0.9


def test_the_loss_of_a_parabola_halves_after_the_time_of_its_exponential() -> None:
    curvature = 3.0
    subject = as_subject(lambda x: float(0.5 * curvature * x @ x), lambda x: curvature * x, np.ones(4))
    run = build_run(subject, rule_from_options(RATE, None), None)
    flow = integrate_gradient_flow(run, run.start)
    assert flow.time_to_escape == pytest.approx(math.log(2) / (2 * curvature), rel=1e-3)  # J falls as exp(−2λt)


def test_a_minimum_has_no_escape() -> None:
    subject = as_subject(lambda x: 1.0 + float(x @ x), lambda x: 2 * x, np.zeros(3))
    run = build_run(subject, rule_from_options(RATE, None), None)
    flow = integrate_gradient_flow(run, run.start)
    assert flow.time_to_escape is None
    assert flow.steps_to_escape(RATE) is None
    assert flow.gradients < 2_000


def test_the_limit_on_gradients_is_kept() -> None:
    run = question_run(0.01, 0)
    flow = integrate_gradient_flow(run, run.start, LEVEL, max_gradients=50)
    assert flow.time_to_escape is None
    assert run.counts.gradients <= 52


def test_a_gradient_that_is_not_finite_ends_the_integration() -> None:
    def gradient(x: np.ndarray) -> np.ndarray:
        return np.full_like(x, np.nan) if x[0] < 0.9 else 2 * x

    run = build_run(as_subject(lambda x: float(x @ x), gradient, np.ones(1)), rule_from_options(RATE, None), None)
    assert integrate_gradient_flow(run, run.start).time_to_escape is None


def test_momentum_takes_steps_of_its_effective_length() -> None:
    optimiser = Momentum(0.1 * RATE, momentum=0.9)
    subject = as_subject(question_network(0.3, 0), batch=BATCH)
    rule = rule_from_options(None, optimiser)
    assert rule.effective_step is not None
    run = build_run(subject, rule, None)
    steps = integrate_gradient_flow(run, run.start, LEVEL).steps_to_escape(rule.effective_step)
    taken, network = 0, question_network(0.3, 0)
    while network.loss(*BATCH) > LEVEL / 2:
        optimiser.step(network.params, network.gradient(*BATCH))
        taken += 1
    assert steps == pytest.approx(taken, rel=0.02)
