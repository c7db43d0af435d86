"""What the trials change, and how weights are drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradcheck.app.examples.xor import BATCH, QuestionNetwork
from gradcheck.subjects.convert import as_subject
from gradcheck.training.doctor.build_run import build_run, rule_from_options
from gradcheck.training.doctor.run import TrainingRun
from gradcheck.training.doctor.trial_settings import TrialKind, combined, scaled_weights, trial_settings


def question_run() -> TrainingRun:
    return build_run(as_subject(QuestionNetwork(), batch=BATCH), rule_from_options(0.03, None), None)


@pytest.mark.parametrize(
    ("scheme", "deviation"), [("Glorot", math.sqrt(2 / 7)), ("He", math.sqrt(2 / 2)), ("LeCun", math.sqrt(1 / 2))]
)
def test_weights_have_the_scale_of_the_scheme_and_biases_are_zero(scheme: str, deviation: float) -> None:
    run = question_run()
    draws = np.array([scaled_weights(scheme)(run, np.random.default_rng(seed)) for seed in range(300)])
    names = [block.name for block in run.layout.blocks]
    assert draws[:, run.layout.slices[names.index("w1")]].std() == pytest.approx(deviation, rel=0.05)
    assert not draws[:, run.layout.slices[names.index("b1")]].any()


def test_the_first_trial_is_the_users_own_training() -> None:
    first, *others = trial_settings(question_run())
    assert (first.kind, first.factor, first.seeds(5)) == (TrialKind.UNCHANGED, 1.0, 1)
    assert all(settings.kind is not TrialKind.UNCHANGED and settings.seeds(5) == 5 for settings in others)


def test_only_rules_are_tried_from_the_users_start() -> None:
    kinds = {settings.kind: settings.first_from_start for settings in trial_settings(question_run())}
    assert kinds == {TrialKind.UNCHANGED: True, TrialKind.SEED: False, TrialKind.WEIGHTS: False, TrialKind.RULE: True}


def test_without_weights_only_rules_are_tried() -> None:
    run = build_run(as_subject(lambda x: float(x @ x), lambda x: 2 * x, np.ones(3)), rule_from_options(1, None), None)
    assert {settings.kind for settings in trial_settings(run)} == {TrialKind.UNCHANGED, TrialKind.RULE}


def test_without_an_update_rule_nothing_is_tried() -> None:
    assert trial_settings(TrainingRun(question_run().subject, None)) == []


def test_a_combination_takes_weights_from_one_and_the_rule_from_the_other() -> None:
    by_name = {settings.name: settings for settings in trial_settings(question_run())}
    both = combined(by_name["weights by He"], by_name["step × 10"])
    assert both.name == "weights by He, and step × 10"
    assert (both.factor, both.first_from_start) == (10.0, False)
    assert both.initialiser is by_name["weights by He"].initialiser
