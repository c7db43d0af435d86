"""Tables at any width: one line a row, the most important columns, names that can be told apart."""

from __future__ import annotations

import pytest

from gradcheck.reports.columns import Column, table_of
from gradcheck.reports.layout import in_plain

COLUMNS = (Column("block"), Column("shape", 1), Column("gap", 5, right=True), Column("verdict", 9))
ROWS = [["layers.0.attention.query.weight", "4×2", "1.9e+00", "fail"], ["b", "1", "3e-9", "undecided"]]


def lines_at(width: int | None) -> list[str]:
    return in_plain(table_of(COLUMNS, ROWS, width), width).splitlines()


@pytest.mark.parametrize("width", [None, *range(17, 201, 7)])
def test_each_row_is_one_line_that_fits_and_ends_with_the_verdict(width: int | None) -> None:
    lines = lines_at(width)
    assert [line.split()[-1] for line in lines] == ["verdict", "fail", "undecided"]
    assert width is None or all(len(line) <= width for line in lines)


def test_the_least_important_columns_go_first() -> None:
    assert lines_at(60)[0].split() == ["block", "shape", "gap", "verdict"]
    assert lines_at(45)[0].split() == ["block", "gap", "verdict"]
    assert lines_at(24)[0].split() == ["block", "verdict"]


def test_long_names_keep_their_beginning_and_end() -> None:
    name = lines_at(45)[1].split()[0]
    assert name.startswith("layers")
    assert name.endswith(".weight")
    assert "..." in name
    assert lines_at(None)[1].startswith("layers.0.attention.query.weight ")
