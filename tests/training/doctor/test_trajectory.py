"""The recorded loss of descent on functions whose losses are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradcheck.subjects.convert import as_subject
from gradcheck.training.doctor.run import TrainingRun
from gradcheck.training.doctor.trajectory import Trajectory, train
from gradcheck.training.doctor.update_rule import UpdateRule


def parabola() -> TrainingRun:
    return TrainingRun(as_subject(lambda x: float(x @ x), lambda x: 2 * x, np.ones(3)), None)


def descent(run: TrainingRun, step: float, steps: int, **options: float) -> Trajectory:
    return train(run, run.start, UpdateRule("", step, step).step_function(), steps, **options)  # type: ignore[arg-type]


def test_losses_on_a_parabola_are_a_geometric_sequence() -> None:
    found = descent(parabola(), 0.1, 20)
    assert found.steps == tuple(range(21))
    np.testing.assert_allclose(found.losses, 3 * 0.64 ** np.arange(21))  # each step multiplies x by 1 − 2 · 0.1
    assert (found.rise_fraction, found.finite) == (0.0, True)
    np.testing.assert_allclose(found.final_parameters, 0.8**20)


def test_a_long_run_is_recorded_about_a_hundred_times() -> None:
    run = parabola()
    found = descent(run, 1e-4, 1_050)
    assert len(found.steps) == 106
    assert (found.steps[1], found.steps[-1]) == (10, 1_050)
    assert (run.counts.gradients, run.counts.losses) == (1_050, 106)


def test_it_stops_at_the_target_and_when_it_has_converged() -> None:
    assert descent(parabola(), 0.1, 50, target_loss=1.0).steps[-1] == 3  # 3 · 0.64³ = 0.79
    converged = descent(parabola(), 0.4, 50)
    assert converged.steps[-1] == 9  # 0.04⁹ < 1e-12
    assert converged.final_loss < 3e-12


def test_too_long_steps_rise_and_diverge() -> None:
    found = descent(parabola(), 1.5, 2_000)
    assert found.rise_fraction == 1.0
    assert not found.finite
    assert found.final_loss == math.inf
    assert all(math.isfinite(loss) for loss in found.losses)


def test_the_last_finite_loss_between_two_records_is_found() -> None:
    """The loss is NaN from step 7 on. The interval is 5, so it is recorded at steps 0, 5 and then at 6."""
    counter = {"steps": 0}

    def count(theta: np.ndarray, _: np.ndarray) -> np.ndarray:
        counter["steps"] += 1
        return np.array([float(counter["steps"])])

    subject = as_subject(lambda x: 10.0 - x[0] if x[0] < 7 else math.nan, lambda x: -np.ones(1), np.zeros(1))
    run = TrainingRun(subject, None)
    found = train(run, run.start, count, 500)
    assert (found.steps, found.losses) == ((0, 5, 6), (10.0, 5.0, 4.0))
    assert not found.finite


@pytest.mark.parametrize(("low", "final"), [(0.5, 0.5), (2.0, math.inf)])
def test_a_loss_that_overflows_counts_if_it_had_come_far_down(low: float, final: float) -> None:
    """The initial loss is 10: one that had reached 0.5 was nearly solved, one at 2 was not."""
    assert Trajectory((0, 1), (10.0, low), np.zeros(1), finite=False).final_loss == final


def test_progress_is_reported_in_steps() -> None:
    run, done = parabola(), list[int]()
    train(run, run.start, UpdateRule("", 1e-4, 1e-4).step_function(), 1_000, on_progress=done.append)
    assert sum(done) == 1_000
