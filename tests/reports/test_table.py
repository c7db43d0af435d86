"""The table of blocks: rows that fit the headers, and a legend that explains them."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from gradcheck import check_gradients
from gradcheck.reports.table import HEADERS, legend_of, row_of
from tests.cases import logcosh

X = np.linspace(-1.0, 2.0, 12)
METHODS: tuple[Literal["gradcheck", "textbook"], ...] = ("gradcheck", "textbook")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_a_row_has_a_cell_for_each_header(method: Literal["gradcheck", "textbook"], factor: float) -> None:
    report = check_gradients(logcosh, lambda x: factor * np.tanh(x), X, rng=0, method=method)
    row = row_of(report.blocks["x"])
    assert len(row) == len(HEADERS)
    assert (row[0], row[1], row[-1]) == ("x", "12", report.blocks["x"].verdict.value)


def test_a_number_without_an_error_bar_has_a_dash_in_its_place() -> None:
    tied = np.array([2.0, 2.0, 2.0, 1.0])
    kink = check_gradients(np.max, lambda x: (x == x.max()) / (x == x.max()).sum(), tied, rng=0).blocks["x"]
    smooth = check_gradients(logcosh, np.tanh, X, rng=0).blocks["x"]
    place = HEADERS.index("error bar")
    assert row_of(kink)[place] == "–"
    assert row_of(smooth)[place].startswith("± ")


@pytest.mark.parametrize("method", METHODS)
def test_the_legend_is_in_both_reports_and_explains_the_numbers(method: Literal["gradcheck", "textbook"]) -> None:
    report = check_gradients(logcosh, np.tanh, X, rng=0, method=method)
    legend = legend_of(report)
    assert len(legend) == 2
    assert all(line in str(report) and line in report._repr_html_() for line in legend)
    assert all(header in " ".join(legend) for header in HEADERS[2:-1])


def test_the_legend_explains_the_columns_that_are_shown_and_no_others() -> None:
    report = check_gradients(logcosh, np.tanh, X, rng=0)
    assert legend_of(report, ["block", "gap", "verdict"]) == ("gap: largest relative difference found.",)
    assert legend_of(report, ["block", "verdict"]) == ()
    assert legend_of(report, ["block", "‖claimed‖", "gap", "error bar"]) == (
        "‖claimed‖: norm of the claimed gradient. gap: largest relative difference found.",
        "error bar: uncertainty of the gap.",
    )
