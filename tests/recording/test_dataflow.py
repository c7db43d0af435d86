"""What lines read and pass on, and the values that depend on others."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.recording.dataflow import is_move
from tests.recording.searched import PERCEPTRON, named, searched, unit_of


def test_a_line_reads_what_stands_in_it_and_no_more() -> None:
    blame = searched(PERCEPTRON, "r * slope", "np.sum(r) * (r + slope)")
    dz = named(blame, "dz")
    read = blame.dataflow.operands_of(dz, unit_of(blame, dz))
    assert {name for value in read for name in value.names} == {"r", "slope"}
    functions = [value.function for value in blame.dataflow.within(dz, unit_of(blame, dz))]
    assert sorted(each.__name__ for each in functions if each) == ["add", "multiply", "sum"]


def test_what_depends_on_a_value_is_below_it() -> None:
    blame = searched(PERCEPTRON)
    below = blame.dataflow.below([named(blame, "slope").id])
    assert {name for i in below for name in blame.recording.graph.values[i].names} == {"slope", "dz", "dw"}
    assert named(blame, "r").id not in below


def test_what_changes_with_the_parameters_is_active() -> None:
    blame = searched(PERCEPTRON, "dz = r * slope", "t = X * 2.0; dz = r * slope")
    assert blame.dataflow.is_active(named(blame, "slope"))
    assert not blame.dataflow.is_active(named(blame, "t"))


@pytest.mark.parametrize(
    ("written", "passes"), [("dw", True), ("dw.reshape(-1)", True), ("2.0 * dw", False), ("np.exp(dw)", False)]
)
def test_a_line_that_returns_what_others_made_passes_it_on(written: str, passes: bool) -> None:
    blame = searched(PERCEPTRON, "return dw", f"return {written}")
    unit = blame.recording.units.index(next(u for u in blame.recording.units if u.text == f"return {written}"))
    assert blame.dataflow.passes_on(unit) is passes
    assert not blame.dataflow.passes_on(unit_of(blame, named(blame, "dz")))


def test_an_edit_of_vectors_makes_at_most_a_square_matrix_of_them() -> None:
    blame = searched(PERCEPTRON)  # 7 samples of 3 variables
    assert blame.dataflow.most_entries(unit_of(blame, named(blame, "dz"))) == 7 * 7
    blame = searched(PERCEPTRON, "X.T @ dz", "np.einsum('ij,i->j', X, dz)")
    assert blame.dataflow.most_entries(unit_of(blame, named(blame, "dw"))) == 21 * 7


@pytest.mark.parametrize(("function", "moves"), [(np.transpose, True), (np.sum, True), (np.mean, False), (None, False)])
def test_moves_keep_the_entries_or_add_them_up(function: object, moves: bool) -> None:
    assert is_move(function) is moves
    assert not is_move([])  # cannot be hashed
