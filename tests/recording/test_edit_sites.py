"""The lines and expressions in which an edit may repair a wrong line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.recording.backward_values import Rank
from gradcheck.recording.blame import Blame
from gradcheck.recording.remedies import Faulty
from tests.recording.searched import PERCEPTRON, W, X, named, searched, text_of, unit_of

#: Two branches, a = tanh(X w) and b = sin(X w), with the loss Σ a⁴ / 4 + Σ b³: by a it is a³, by b it is 3 b².
BRANCHES = """\
import numpy as np

def loss(w):
    z = X @ w
    a = np.tanh(z)
    b = np.sin(z)
    return np.sum(a**4) / 4.0 + np.sum(b**3)

def gradient(w):
    z = X @ w
    a = np.tanh(z)
    b = np.sin(z)
    v = 1.0 - a * a
    da = a**3
    db = 3.0 * b**2
    du = da * v
    dv = db * np.cos(z)
    dw = X.T @ (du + dv)
    return dw
"""


def faulty_of(blame: Blame, name: str, needed: Any) -> Faulty:
    """The line that gives a name, as it is if it is wrong."""
    value = named(blame, name)
    unit = unit_of(blame, value)
    return Faulty(unit, value.id, needed, None, (0,), None, Rank.NOTHING, unit, proved=False)


def test_expressions_that_need_a_constant_are_found_with_it() -> None:
    wrong = "dw = X.T @ (3.0 * dz)"
    blame = searched(PERCEPTRON, "dw = X.T @ dz", wrong)
    (faulty,) = blame.lines()
    found = {wrong[start - 4 : end - 4]: factor for (_, start, _, end), factor in blame.edit_sites.constants(faulty)}
    assert found == dict.fromkeys(["X.T", "3.0 * dz", "X.T @ (3.0 * dz)"], pytest.approx(1 / 3))


def test_in_place_of_a_zero_the_constant_itself_is_found() -> None:
    source = PERCEPTRON.replace("0.5 * np.sum(r * r)", "0.5 * np.sum(r * r) + 0.1 * np.sum(w * w)")
    blame = searched(source, "return dw", "dw = dw + 0.0 * w\n    return dw")
    (faulty,) = blame.lines()
    assert [factor for _, factor in blame.edit_sites.constants(faulty)] == [pytest.approx(0.2)]


def test_no_constant_is_found_where_none_helps() -> None:
    blame = searched(PERCEPTRON, "r * slope", "r * slope * slope")
    (faulty,) = blame.lines()
    assert text_of(blame, faulty.unit) == "dz = r * slope * slope"
    assert not blame.edit_sites.constants(faulty)


def test_lines_before_a_wrong_one_belong_to_its_region_and_forward_lines_do_not() -> None:
    blame = searched(PERCEPTRON, "dw = X.T @ dz", "dw = X.T @ (3.0 * dz)")
    (faulty,) = blame.lines()
    region = [text_of(blame, unit) for unit in blame.edit_sites.region(faulty)]
    assert region == ["dw = X.T @ (3.0 * dz)", "dz = r * slope", "slope = 1.0 - a * a"]


def test_a_derivative_of_another_branch_is_exchanged_and_not_one_that_lacks_a_slope() -> None:
    a = np.tanh(X @ W)
    blame = searched(BRANCHES, "du = da * v", "du = db * v")
    found = blame.edit_sites.exchanged(faulty_of(blame, "du", a**3 * (1.0 - a**2)))
    assert [text_of(blame, unit) for unit in found] == ["db = 3.0 * b**2"]
    blame = searched(BRANCHES, "(du + dv)", "(da + dv)")
    assert not blame.edit_sites.exchanged(faulty_of(blame, "dw", blame.recording.truths[0]))
