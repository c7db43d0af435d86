"""The report as text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradcheck.training.optimisers.report import REPORT_WIDTH, OptimiserReport
from gradcheck.verdicts.verdict import Verdict

PASSED = OptimiserReport(Verdict.PASS, "sgd", "SGD(rate=0.1)", {"rate": 0.1}, (), 60, "float64", 0)
FAILED = replace(
    PASSED,
    verdict=Verdict.FAIL,
    step=2,
    block="w",
    entry=(1, 0),
    change=0.2,
    expected=0.1,
    mistake="rate-power",
    message="The rate is not applied once",
    evidence="word " * 60,
    also=("another-number (rate is 0.2)",),
)


def test_a_report_that_passes_is_two_lines() -> None:
    assert str(PASSED).splitlines() == ["PASS  sgd against SGD(rate=0.1)", "60 steps, float64; reproduce with rng=0"]
    assert PASSED
    assert (PASSED.where, PASSED.ratio) == ("", None)


def test_a_failure_shows_the_first_difference_and_wraps_long_lines() -> None:
    text = str(FAILED)
    assert "First difference at step 2, w[1, 0]: changed by 0.2, expected 0.1, 2 times as much." in text
    assert "Equally possible explanations: another-number (rate is 0.2)." in text
    assert max(map(len, text.splitlines())) <= REPORT_WIDTH
    assert not FAILED


@pytest.mark.parametrize(("entry", "where"), [((), "w"), ((3,), "w[3]"), ((1, 0), "w[1, 0]")])
def test_where(entry: tuple[int, ...], where: str) -> None:
    assert replace(FAILED, entry=entry).where == where


def test_an_expected_change_of_zero_has_no_ratio() -> None:
    assert replace(FAILED, expected=0.0).ratio is None


def test_fitted_hyperparameters_are_listed() -> None:
    assert "Not given, so fitted: rate. Compare the fitted values above with yours." in str(
        replace(PASSED, fitted=("rate",))
    )
