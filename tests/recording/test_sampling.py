"""States that are drawn with probabilities of the parameters are told from other random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.recording.sampling import sampled_states
from tests.recording.test_record import recorded

POINT = np.array([0.2, 0.5, 0.8])


def drawn(x: Any) -> Any:
    state = np.random.RandomState(0).binomial(1, x) * 1.0
    return np.sum(state * x)


def compared(x: Any) -> Any:
    uniform = np.random.RandomState(0).uniform(size=3)
    return np.sum(np.where(np.less(uniform, x), x, 0.0))


def masked(x: Any) -> Any:
    state = np.random.RandomState(0).binomial(1, 0.5, size=3) * 1.0
    return np.sum(np.where(state > 0.5, x, 0.0))


def states_of(loss: Any) -> set[int]:
    recording = recorded(loss, POINT)
    return sampled_states(recording.graph, recording.parameters[0])


def test_draws_by_the_parameters() -> None:
    assert states_of(drawn)
    assert states_of(compared)


def test_draws_by_constants() -> None:
    assert not states_of(masked)
