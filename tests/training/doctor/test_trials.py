"""Trials are run with equal numbers of steps, ranked by loss, and combined only if none suffices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcheck.app.examples.xor import BATCH, QuestionNetwork
from gradcheck.subjects.convert import as_subject
from gradcheck.training.doctor.build_run import build_run, rule_from_options
from gradcheck.training.doctor.run import TrainingRun
from gradcheck.training.doctor.trajectory import Trajectory
from gradcheck.training.doctor.trial_settings import TrialKind
from gradcheck.training.doctor.trials import Trial, run_trials

ANY: Any = None


def parabola_run(step: float) -> TrainingRun:
    subject = as_subject(lambda x: float(x @ x), lambda x: 2 * x, np.ones(3))
    return build_run(subject, rule_from_options(step, None), None)


def trial(*runs: tuple[int, float]) -> Trial:
    """A trial whose runs reach a loss in a number of steps, from a loss of 1."""
    return Trial(ANY, tuple(Trajectory((0, n), (1.0, loss), np.zeros(1), math.isfinite(loss)) for n, loss in runs))


def test_the_step_that_suits_the_parabola_wins() -> None:
    """Ten times 0.05 goes to the minimum in one step."""
    best, *others = run_trials(parabola_run(0.05), 0, steps=10)
    assert best.name == "step × 10"
    assert best.median == 0.0
    assert all(best.rank <= other.rank for other in others)


def test_a_step_that_diverges_is_last() -> None:
    found = run_trials(parabola_run(0.9), 0, steps=1_000)
    assert (found[-1].name, found[-1].median) == ("step × 10", math.inf)


def test_converged_trials_are_ranked_by_their_steps() -> None:
    assert trial((10, 1e-13)).rank < trial((20, 1e-15)).rank
    assert trial((20, 1e-3)).rank < trial((10, 1e-2)).rank


def test_the_median_ignores_one_bad_seed() -> None:
    assert trial((5, 0.1), (5, 0.2), (5, math.inf)).median == 0.2


def test_no_steps_run_no_trial() -> None:
    run = parabola_run(0.05)
    assert run_trials(run, 0, steps=0) == []
    assert run.counts.gradients == 0


def test_the_best_weights_and_rule_are_combined_if_no_trial_suffices() -> None:
    run = build_run(as_subject(QuestionNetwork(), batch=BATCH), rule_from_options(0.03, None), None)
    found = run_trials(run, 0, steps=5, seeds=1)
    assert [each.settings.kind for each in found].count(TrialKind.COMBINED) == 1
    sufficient = run_trials(parabola_run(0.05), 0, steps=10)
    assert not any(each.settings.kind is TrialKind.COMBINED for each in sufficient)


def test_seeds_differ_and_the_first_run_of_a_rule_has_the_users_start() -> None:
    run = build_run(as_subject(QuestionNetwork(scale=1.0), batch=BATCH), rule_from_options(0.03, None), None)
    loss = run.loss(run.start)
    for each in run_trials(run, 0, steps=2, seeds=2):
        initial = [trajectory.initial_loss for trajectory in each.trajectories]
        assert len(set(initial)) == len(initial) == each.settings.seeds(2)
        assert (initial[0] == loss) is each.settings.first_from_start
