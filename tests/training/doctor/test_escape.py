from __future__ import annotations

import math

import numpy as np
import pytest

from gradcheck.app.examples.xor import BATCH
from gradcheck.nn import Momentum
from gradcheck.subjects.convert import as_subject
from gradcheck.training.doctor.gradient_flow import Escape, escape
from gradcheck.training.doctor.read import patient_of, regimen_of
from tests.training.doctor.xor import started, walked

RATE, LEVEL = 0.03, math.log(2)


def way(scale: float, seed: int, level: float | None = LEVEL) -> Escape:
    patient = patient_of(as_subject(started(scale, seed), batch=BATCH), regimen_of(RATE, None), None)
    return escape(patient, patient.start, level)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("scale", [1.0, 0.3, 0.1])
def test_steps_are_those_that_plain_descent_takes(scale: float, seed: int) -> None:
    found = way(scale, seed)
    steps = found.steps(RATE)
    taken = walked(started(scale, seed), RATE, LEVEL / 2, 120_000)
    assert steps == pytest.approx(taken, rel=0.02)
    assert found.gradients < 2_000


@pytest.mark.parametrize(("scale", "steps"), [(1.0, 5_385), (0.3, 13_744), (0.1, 52_401)])
def test_steps_from_the_first_seed_are_known(scale: float, steps: int) -> None:
    assert way(scale, 0).steps(RATE) == pytest.approx(steps, rel=1e-3)


@pytest.mark.parametrize(("seed", "steps"), [(0, 3_967_000), (1, 8.3e6)])
def test_the_start_of_the_question_is_millions_of_steps_from_the_way_out(seed: int, steps: float) -> None:
    found = way(0.01, seed)
    assert found.steps(RATE) == pytest.approx(steps, rel=0.005)
    assert found.gradients < 2_000
    assert found.share_near(LEVEL, 0.01) > 0.9


def test_a_parabola_halves_after_the_time_of_its_exponential() -> None:
    curvature = 3.0
    subject = as_subject(lambda x: float(0.5 * curvature * x @ x), lambda x: curvature * x, np.ones(4))
    patient = patient_of(subject, regimen_of(RATE, None), None)
    found = escape(patient, patient.start)
    assert found.halved == pytest.approx(math.log(2) / (2 * curvature), rel=1e-3)  # J falls as exp(−2λt)


def test_where_nothing_points_downhill_there_is_no_way() -> None:
    subject = as_subject(lambda x: 1.0 + float(x @ x), lambda x: 2 * x, np.zeros(3))
    patient = patient_of(subject, regimen_of(RATE, None), None)
    found = escape(patient, patient.start)
    assert found.halved is None
    assert found.gradients < 2_000


def test_a_budget_of_gradients_is_kept() -> None:
    patient = patient_of(as_subject(started(0.01, 0), batch=BATCH), regimen_of(RATE, None), None)
    before = patient.gradients
    found = escape(patient, patient.start, LEVEL, gradients=50)
    assert found.halved is None
    assert patient.gradients - before <= 52


def test_momentum_takes_steps_of_an_effective_length() -> None:
    optimiser = Momentum(0.1 * RATE, momentum=0.9)
    patient = patient_of(as_subject(started(0.3, 0), batch=BATCH), regimen_of(None, optimiser), None)
    assert patient.regimen is not None
    assert patient.regimen.effective is not None
    steps = escape(patient, patient.start, LEVEL).steps(patient.regimen.effective)
    taken, network = 0, started(0.3, 0)
    while network.loss(*BATCH) > LEVEL / 2:
        optimiser.step(network.params, network.gradient(*BATCH))
        taken += 1
    assert steps == pytest.approx(taken, rel=0.02)
