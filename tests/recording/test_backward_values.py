"""Which derivatives the values of a backward pass are, up to which constant."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.recording.backward_values import Rank
from gradcheck.recording.matching import Kind
from tests.recording.searched import (
    PERCEPTRON,
    TWO_USES,
    W,
    X,
    Y,
    dz_of_perceptron,
    named,
    searched,
    text_of,
    unit_of,
)


@pytest.mark.parametrize("factor", [1.0, 3.0, -0.5])
def test_a_multiple_of_a_derivative_is_known_with_its_constant(factor: float) -> None:
    blame = searched(PERCEPTRON, "dz = r * slope", f"dz = {factor} * r * slope")
    dz, z = named(blame, "dz"), named(blame, "z", phase=0)
    np.testing.assert_allclose(dz.array, factor * dz_of_perceptron(), rtol=1e-12)
    found = [match for match in blame.backward.meaning(dz) if match.of == z.id]
    assert [match.kind for match in found] == [Kind.WHOLE]
    assert found[0].factor == pytest.approx(factor, rel=1e-9)
    assert blame.backward.is_of_variable(dz) is (factor == 1.0)


@pytest.mark.parametrize(
    ("wrong", "rank"),
    [
        ("r * slope", Rank.WHOLE),
        ("2.0 * r * slope", Rank.MULTIPLE),
        ("a * 1.0", Rank.FORWARD),
        ("a * slope", Rank.NOTHING),
    ],
)
def test_what_a_value_is_by_itself(wrong: str, rank: Rank) -> None:
    blame = searched(PERCEPTRON, "dz = r * slope", f"dz = {wrong}")
    dz = named(blame, "dz")
    assert blame.backward.rank_of(dz, dz.array) is rank


def test_values_put_right_are_read_in_place_of_the_recorded_ones() -> None:
    blame = searched(PERCEPTRON, "r * slope", "r * 2.0")
    dz, z = named(blame, "dz"), named(blame, "z", phase=0)
    assert z.id not in {match.of for match in blame.backward.meaning(dz)}
    blame.backward.correct({dz.id: dz_of_perceptron()})
    assert z.id in {match.of for match in blame.backward.meaning(dz) if match.exact}
    np.testing.assert_array_equal(blame.backward.array(dz), dz_of_perceptron())
    blame.backward.correct({})
    assert z.id not in {match.of for match in blame.backward.meaning(dz)}


def test_what_one_use_contributes_lacks_a_part() -> None:
    blame = searched(TWO_USES)
    one, needed = named(blame, "one"), 2.0 * np.tanh(X @ W) + Y
    assert blame.backward.lacks_a_part(one, needed)
    assert not blame.backward.lacks_a_part(one, needed + Y)  # that is no derivative
    assert not blame.backward.lacks_a_part(named(blame, "da"), needed)  # nothing is missing


@pytest.mark.parametrize(("wrong", "scaled"), [("2.0 * dz", True), ("dz * slope", False)])
def test_claims_may_be_right_but_for_one_constant(wrong: str, scaled: bool) -> None:
    assert searched(PERCEPTRON, "X.T @ dz", f"X.T @ ({wrong})").backward.is_scaled is scaled


def test_only_lines_of_the_backward_pass_that_wrong_claims_need_are_suspected() -> None:
    blame = searched(PERCEPTRON, "dz = r * slope", "dz = r * 2.0; unused = r * slope")
    lines = [text_of(blame, unit) for unit in blame.backward.suspected_units()]
    assert "dz = r * 2.0" in lines
    assert not {"unused = r * slope", "slope = 1.0 - a * a", "return 0.5 * np.sum(r * r)"} & set(lines)
    assert not searched(PERCEPTRON).backward.suspected_units()


def test_a_line_makes_derivatives_if_all_that_leaves_it_is_one() -> None:
    blame = searched(PERCEPTRON)
    assert blame.backward.makes_derivatives(unit_of(blame, named(blame, "dz")))
    assert not blame.backward.makes_derivatives(unit_of(blame, named(blame, "slope")))
