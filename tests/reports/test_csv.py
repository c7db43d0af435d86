"""The table for spreadsheets."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from gradcheck.reports.csv import HEADERS, csv_of
from tests.reports.outcomes import all_kinds, broken, program


def rows_of(*outcomes: object) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_of(outcomes))))  # type: ignore[arg-type]


def test_one_row_a_target_in_their_order() -> None:
    rows = rows_of(*all_kinds())
    assert [row["verdict"] for row in rows] == ["pass", "fail", "undecided", "error", "fail"]
    assert all(set(row) == set(HEADERS) for row in rows)


def test_what_a_failing_row_says() -> None:
    (row,) = rows_of(program())
    assert (row["codes"], row["lines"], row["wrong_blocks"], row["seed"]) == ("GC102", "4", "x", "1")
    assert abs(float(row["relative_error"]) - 0.5) < 0.2


def test_an_error_says_why_and_leaves_the_rest_empty() -> None:
    (row,) = rows_of(broken())
    assert (row["message"], row["evaluations"], row["seed"]) == ("no such file", "", "")


def test_no_cell_is_a_formula() -> None:
    for name in ("=1+1.py", "+x.py", "@x.py", "-x.py"):
        (row,) = rows_of(replace(broken(name), error="=cmd"))
        assert row["target"] == f"'{name}"
        assert row["message"] == "'=cmd"


def test_newlines_and_quotes_stay_in_their_cell() -> None:
    (row,) = rows_of(replace(broken('a "b",\n.py'), error='x, "y"'))
    assert row["target"] == 'a "b",\n.py'
    assert row["message"] == 'x, "y"'
