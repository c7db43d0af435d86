"""Which adjoints, in place of what a line has made, make the claims right."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.recording.blame import Blame
from gradcheck.recording.budget import Budget
from gradcheck.recording.remedies import Remedy
from gradcheck.recording.substitutions import Substitutions
from tests.recording.searched import PERCEPTRON, X, dz_of_perceptron, searched, text_of


def remedies(blame: Blame, budget: Budget) -> dict[str, Remedy]:
    """The last remedy of each line."""
    search = Substitutions(blame.dataflow, blame.backward, blame.slopes, budget)
    sites = blame.recording.sites
    found = search.remedies(blame.backward.suspects(), {}, {0})
    return {text_of(blame, sites[each.site].unit): each for each in found}


@pytest.mark.parametrize("wrong", ["r + slope", "a * slope"])
def test_the_right_derivative_helps_at_a_mistake_and_after_it(wrong: str) -> None:
    blame = searched(PERCEPTRON, "dz = r * slope", f"dz = {wrong}")
    found = remedies(blame, Budget(1e6))
    assert set(found) == {f"dz = {wrong}", "dw = X.T @ dz", "return dw"}
    (dz,) = found[f"dz = {wrong}"].instead.values()
    np.testing.assert_allclose(dz, dz_of_perceptron(), rtol=1e-12)
    (dw,) = found["dw = X.T @ dz"].instead.values()
    np.testing.assert_allclose(dw, X.T @ dz_of_perceptron(), rtol=1e-12)
    assert all(each.fixes == {0} and each.factor is None for each in found.values())


def test_a_constant_is_known_and_helps_before_the_mistake_as_well() -> None:
    found = remedies(searched(PERCEPTRON, "X.T @ dz", "X.T @ (3.0 * dz)"), Budget(1e6))
    assert found["dz = r * slope"].factor == pytest.approx(3.0)
    (dz,) = found["dz = r * slope"].instead.values()
    np.testing.assert_allclose(dz, dz_of_perceptron() / 3.0, rtol=1e-12)


def test_nothing_is_tried_once_the_budget_is_spent() -> None:
    blame, budget = searched(PERCEPTRON, "r * slope", "r + slope"), Budget(1e6)
    assert remedies(blame, budget)
    assert budget.left < 1e6
    assert not remedies(blame, Budget(0.0))
