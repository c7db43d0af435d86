"""A plateau is a stall at chance level that takes longer to leave than the training lasts."""

from __future__ import annotations

import numpy as np

from gradcheck.app.examples.xor import BATCH, QuestionNetwork
from gradcheck.nn import CrossEntropyWithLogits, Dense, Network, RMSProp
from gradcheck.training.doctor.causes.chance_plateau import find
from gradcheck.training.doctor.diagnose import _notes
from tests.training.doctor.causes.tools import measured


def question(scale: float, step: float = 0.03, steps: int | None = None, optimiser: object = None) -> object:
    network = QuestionNetwork(scale=scale, seed=0)
    return find(measured(network, batch=BATCH, step=step, steps=steps, optimiser=optimiser))


def test_tiny_weights_are_on_a_plateau() -> None:
    finding = find(measured(QuestionNetwork(scale=0.01, seed=0), batch=BATCH, step=0.03, steps=1_000_000))
    assert finding is not None
    assert finding.slug == "chance-plateau"
    assert "0.693147 = ln 2" in finding.message
    assert "million steps at 0.03" in finding.message
    assert "the training stops after one million" in finding.message


def test_training_that_lasts_long_enough_is_not_stuck() -> None:
    assert question(0.01, steps=1_000_000_000) is None


def test_larger_weights_leave_at_once() -> None:
    assert question(1.0, steps=2_000) is None


def test_steps_that_do_not_shrink_with_the_gradient_leave() -> None:
    assert question(0.01, optimiser=RMSProp(0.01)) is None


def test_a_model_that_cannot_do_better_than_chance_has_a_note_and_no_finding() -> None:
    """Logistic regression on XOR: the loss is ln 2, and that is its minimum."""
    net = Network([Dense(2, 2, scale=0.01, rng=0)], CrossEntropyWithLogits())
    measurements = measured(net, batch=(BATCH[0], np.array([0, 1, 1, 0])), step=0.5)
    assert find(measurements) is None
    assert any("cannot do better" in note for note in _notes(measurements, ()))
