"""Several targets as text: each report, then a table with the worst first, then the totals."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradcheck.reports.layout import in_plain
from gradcheck.reports.several import render_all, render_outcome, totals
from tests.reports.outcomes import all_kinds, broken, failing, passing, undecided


def test_reports_come_in_order_and_the_table_the_worst_first() -> None:
    text = in_plain(render_all([passing(), undecided(), broken(), failing()], None, "--seed {}"), None)
    heads = [line.split()[:2] for line in text.splitlines() if line.startswith(("PASS", "FAIL", "ERROR", "UNDEC"))]
    names = ["right.py:make", "noisy.py:make", "broken.py", "wrong.py:make"]
    assert heads == [list(pair) for pair in zip(("PASS", "UNDECIDED", "ERROR", "FAIL"), names, strict=True)]
    table = text[text.index("target  ") :].splitlines()
    assert [row.split()[1] for row in table[1:5]] == ["fail", "error", "undecided", "pass"]
    assert table[-1] == "4 targets: 1 fail, 1 error, 1 undecided, 1 pass"
    assert "reproduce with --seed 1" in text
    assert "rng=1" not in text


def test_the_row_of_a_failing_target_names_the_mistake() -> None:
    text = in_plain(render_all([failing()]), None)
    row = next(line for line in text.splitlines() if line.startswith("wrong.py:make"))
    assert "GC102 constant-factor" in row


def test_what_is_left_out_is_counted() -> None:
    assert totals([failing(), passing()], [passing()]) == "2 targets: 1 fail, 1 pass (1 not shown)"
    assert totals([passing()]) == "1 target: 1 pass"
    assert "right.py" not in in_plain(render_all([failing()], left_out=[passing()]), None)


def test_an_error_shows_all_its_lines() -> None:
    assert in_plain(render_outcome(broken()), None).splitlines() == ["ERROR  broken.py", "no such file", "second line"]


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_any_width_fits(width: int) -> None:
    assert all(len(line) <= width for line in in_plain(render_all(all_kinds(), width), width).splitlines())


def test_an_error_of_one_line_ends_with_it() -> None:
    outcome = replace(broken(), error="no such file")
    lines = in_plain(render_all([outcome, failing()]), None).splitlines()
    place = lines.index("no such file")
    assert lines[place + 1] == ""
    assert set(lines[place + 2]) == {"-"}
