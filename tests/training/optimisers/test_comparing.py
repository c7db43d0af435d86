"""Differences beyond rounding are found at their first step; rounding itself is not a difference."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.training.optimisers.comparing import first_difference, largest_relative_gap
from gradcheck.training.optimisers.gradient_sequence import GradientSequence, draw_gradient_sequence

CHANGES = np.random.default_rng(0).uniform(0.5, 1.5, (6, 4))


def path_of(changes: np.ndarray) -> np.ndarray:
    return np.vstack([np.zeros(4), np.cumsum(changes, axis=0)])


def sequence(dtype: str = "float64") -> GradientSequence:
    return draw_gradient_sequence(np.zeros(4, dtype), 0, steps=6)


def test_the_step_and_entry_of_the_first_difference() -> None:
    changes = CHANGES.copy()
    changes[3, 1] *= 1.001
    changes[3, 2] *= 1.01
    changes[5] *= 2.0
    found = first_difference(path_of(changes), path_of(CHANGES), sequence())
    assert found is not None
    assert (found.step, found.entry) == (4, 2)
    assert found.change / found.expected == pytest.approx(1.01)


@pytest.mark.parametrize(
    ("dtype", "error", "differs"),
    [("float64", 1e-13, False), ("float64", 1e-11, True), ("float32", 1e-4, False), ("float32", 1e-3, True)],
)
def test_the_tolerance_is_the_rounding_of_the_type(dtype: str, error: float, differs: bool) -> None:
    changed = path_of(CHANGES * (1 + error))
    assert (first_difference(changed, path_of(CHANGES), sequence(dtype)) is not None) is differs


def test_fitted_hyperparameters_are_allowed_their_accuracy() -> None:
    changed = path_of(CHANGES * (1 + 1e-10))
    assert first_difference(changed, path_of(CHANGES), sequence(), fitted=True) is None
    assert first_difference(changed, path_of(CHANGES), sequence(), fitted=False) is not None


def test_nan_equals_nan_but_not_a_number() -> None:
    broken = path_of(CHANGES)
    broken[4:, 0] = np.nan
    assert first_difference(broken, broken, sequence()) is None
    found = first_difference(broken, path_of(CHANGES), sequence())
    assert found is not None
    assert (found.step, found.entry) == (4, 0)


def test_the_largest_gap_is_relative_to_the_largest_change_of_the_entry() -> None:
    changes = CHANGES.copy()
    changes[2, 3] += 0.1 * CHANGES[:, 3].max()
    assert largest_relative_gap(path_of(changes), path_of(CHANGES), sequence()) == pytest.approx(0.1)
    assert largest_relative_gap(path_of(CHANGES), path_of(CHANGES), sequence()) == 0.0
