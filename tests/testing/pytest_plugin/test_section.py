"""The section of a failing test: which reports it shows in full, and which in a line."""

from __future__ import annotations

import gradcheck
from gradcheck.testing.pytest_plugin.section import FULL_REPORTS, LISTED_REPORTS, raised_in, section


def report(factor: float = 1.0, seed: int = 0) -> gradcheck.Report:
    return gradcheck.check_gradients(lambda x: float(x**3), lambda x: factor * 3 * x**2, 2.0, rng=seed)


def mismatch(seed: int = 0) -> gradcheck.GradientMismatch:
    return gradcheck.GradientMismatch(report(2.0, seed))


def test_the_check_that_was_raised_is_shown_and_others_are_listed() -> None:
    error = mismatch(4)
    other, passing = report(2.0, 3), report(seed=2)
    text = section([other, passing, error.report], [error], "test_one", 80)
    assert text.count("FAIL  ") == 1
    assert "rng=4" in text
    assert f"Other checks of this test that did not pass:\n  {other.line}" in text
    assert passing.line not in text
    assert text.endswith('To reproduce: pytest "test_one" --gradcheck-seed 4')


def test_without_an_exception_the_last_check_that_did_not_pass_is_shown() -> None:
    text = section([report(2.0, 3), report(2.0, 4), report(seed=5)], [], "test_one", 80)
    assert text.count("FAIL  ") == 1
    assert text.endswith("--gradcheck-seed 4")


def test_a_test_whose_checks_passed_lists_them() -> None:
    text = section([report(seed=n) for n in range(LISTED_REPORTS + 2)], [], "test_one", 80)
    assert text.startswith("All checks of this test passed:\n")
    assert text.endswith("\n  and 2 more")
    assert "To reproduce" not in text


def test_few_reports_are_shown_in_full() -> None:
    errors = [mismatch(n) for n in range(FULL_REPORTS + 1)]
    text = section([error.report for error in errors], errors, "test_one", 80)
    assert text.count("FAIL  ") == FULL_REPORTS
    assert errors[-1].report.line in text


def test_mismatches_are_found_in_groups_and_causes() -> None:
    first, second = mismatch(1), mismatch(2)
    around = RuntimeError("around")
    around.__cause__ = second
    second.__context__ = around  # a circle
    group = ExceptionGroup("two", [ValueError("other"), around])
    assert raised_in(group) == [second]
    assert raised_in(first) == [first]
    assert raised_in(ValueError("other")) == []
    assert raised_in(None) == []
