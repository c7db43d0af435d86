"""The lines of the summary at the end of a session."""

from __future__ import annotations

from gradcheck.testing.pytest_plugin.summary import summary
from gradcheck.testing.pytest_plugin.totals import Totals


def test_lines_are_aligned_and_name_the_extremes() -> None:
    totals = Totals(
        checks=12,
        evaluations=4567,
        seconds=12.34,
        verdicts={"pass": 11, "fail": 0, "undecided": 1},
        resolution=5e-5,
        coarsest="W of Model, test_two",
        slowest=1.234,
        slow="Model, test_one",
    )
    assert summary(totals, 3) == [
        "checks                 12  11 pass, 1 undecided; in 3 tests",
        "evaluations          4567  of the loss, in 12 s",
        "slowest             1.2 s  Model, test_one",
        "worst resolution  5.0e-05  W of Model, test_two",
    ]


def test_nothing_that_passed_has_no_resolution() -> None:
    lines = summary(Totals(checks=1, verdicts={"pass": 0, "fail": 1, "undecided": 0}, slow="Model, test_one"), 1)
    assert lines[0].endswith("1 fail; in 1 test")
    assert not any("resolution" in line for line in lines)
