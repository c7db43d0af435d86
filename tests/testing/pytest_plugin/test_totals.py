"""Totals add up, keep the extremes, and survive the way from a worker."""

from __future__ import annotations

import gradcheck
from gradcheck.testing.pytest_plugin.totals import VERDICT_NAMES, WORST_FIRST, Totals


def report(factor: float = 1.0) -> gradcheck.Report:
    return gradcheck.check_gradients(lambda x: float(x**3), lambda x: factor * 3 * x**2, 2.0, rng=0)


def test_each_check_is_counted_under_its_verdict() -> None:
    totals = Totals()
    for factor in (1.0, 2.0, 1.0):
        totals.add(report(factor), "test_one")
    assert totals.checks == 3
    assert totals.verdicts == {"pass": 2, "fail": 1, "undecided": 0}
    assert totals.evaluations == 2 * report().evaluations + report(2.0).evaluations


def test_extremes_keep_the_check_they_come_from() -> None:
    coarse = Totals(checks=1, resolution=1e-3, coarsest="W", slowest=1.0, slow="first")
    fine = Totals(checks=1, resolution=1e-6, coarsest="b", slowest=2.0, slow="second")
    for first, second in ((coarse, fine), (fine, coarse)):
        totals = Totals()
        totals.merge(first)
        totals.merge(second)
        assert (totals.resolution, totals.coarsest) == (1e-3, "W")
        assert (totals.slowest, totals.slow) == (2.0, "second")


def test_a_check_that_failed_has_no_resolution() -> None:
    totals = Totals()
    totals.add(report(2.0), "test_one")
    assert totals.resolution is None
    totals.add(report(), "test_two")
    assert totals.resolution is not None
    assert totals.coarsest.endswith(", test_two")


def test_plain_data_is_converted_back() -> None:
    totals = Totals()
    totals.add(report(), "test_one")
    assert Totals(**totals.plain()) == totals


def test_every_verdict_is_listed() -> None:
    values = {verdict.value for verdict in gradcheck.Verdict}
    assert set(VERDICT_NAMES) == set(WORST_FIRST) == values
