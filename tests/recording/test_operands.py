"""Whether what a line reads is known to be right."""

from __future__ import annotations

import pytest

from tests.recording.searched import PERCEPTRON, dz_of_perceptron, named, searched, unit_of


@pytest.mark.parametrize("slope", ["1.0 - a", "1.0 - a**3"])
def test_what_is_neither_a_slope_nor_a_derivative_is_open(slope: str) -> None:
    blame = searched(PERCEPTRON, "1.0 - a * a", slope)
    dz, unit = named(blame, "dz"), unit_of(blame, named(blame, "dz"))
    assert [value.names for value in blame.operands.open_operands(dz, unit)] == [["slope"]]
    assert not blame.operands.reads_what_is_right(dz, unit, dz_of_perceptron())
    assert blame.operands.is_unknown(named(blame, "slope"))
    assert not blame.operands.is_unknown(named(blame, "r"))  # the derivative by a


def test_a_line_that_is_wrong_itself_reads_what_is_right() -> None:
    blame = searched(PERCEPTRON, "r * slope", "r + slope")
    dz, unit = named(blame, "dz"), unit_of(blame, named(blame, "dz"))
    assert not blame.operands.open_operands(dz, unit)
    assert blame.operands.reads_what_is_right(dz, unit, dz_of_perceptron())


def test_fewer_numbers_than_a_value_has_repair_it_only_where_it_is_linear_in_them() -> None:
    blame = searched(PERCEPTRON, "dz = r * slope", "k = 0.7 * np.sum(w); dz = k * r")
    k, dz = named(blame, "k"), named(blame, "dz")
    r = named(blame, "r").array
    assert blame.operands.may_repair([k], dz, -3.0 * r)  # k = -3
    assert not blame.operands.may_repair([k], dz, dz_of_perceptron())


def test_the_constants_of_what_is_read_are_known() -> None:
    blame = searched(PERCEPTRON, "dz = r * slope", "dz = 3.0 * r * slope")
    dw = named(blame, "dw")
    assert list(blame.operands.factors_read(dw, unit_of(blame, dw))) == [pytest.approx(3.0)]
    blame = searched(PERCEPTRON, "X.T @ dz", "X.T @ (dz * 3.0)")  # the line brings it in itself
    dw = named(blame, "dw")
    assert list(blame.operands.factors_read(dw, unit_of(blame, dw))) == [pytest.approx(1.0)]


@pytest.mark.parametrize(("written", "numbers"), [("2.0 / 7", True), ("2.0 * w[0]", False), ("X[0] * 2.0", False)])
def test_a_line_may_be_made_of_numbers_alone(written: str, numbers: bool) -> None:
    blame = searched(PERCEPTRON, "dz = r * slope", f"n = np.multiply(1.0, {written}); dz = r * slope")
    n = named(blame, "n")
    assert blame.operands.is_made_of_numbers(n, unit_of(blame, n)) is numbers
