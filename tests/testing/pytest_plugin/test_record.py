"""The record of a test: the reports of its last run, totals of all runs, and the properties of the worst check."""

from __future__ import annotations

import json
from typing import Any

import gradcheck
from gradcheck.testing.pytest_plugin.record import Record


def report(factor: float = 1.0, seed: int = 0) -> gradcheck.Report:
    return gradcheck.check_gradients(lambda x: float(x**3), lambda x: factor * 3 * x**2, 2.0, rng=seed)


def recorded(*reports: gradcheck.Report) -> Record:
    record = Record("test_one")
    for each in reports:
        record.add(each)
    return record


def test_a_test_without_checks_has_no_properties() -> None:
    assert Record("test_one").properties == []
    assert Record("test_one").checks == 0


def test_properties_are_those_of_the_worst_check() -> None:
    found = dict(recorded(report(seed=1), report(2.0, seed=2), report(seed=3)).properties)
    assert found["gradcheck_checks"] == 3
    assert found["gradcheck_verdict"] == "fail"
    assert found["gradcheck_seed"] == 2
    assert found["gradcheck_findings"] == "GC102 constant-factor"
    passed = dict(recorded(report(seed=1)).properties)
    assert passed["gradcheck_verdict"] == "pass"
    assert "gradcheck_blocks" not in passed
    assert "gradcheck_findings" not in passed


def test_a_restart_forgets_reports_and_keeps_totals() -> None:
    record = recorded(report(2.0), report())
    record.restart()
    record.add(report(seed=5))
    assert [each.seed for each in record.reports] == [5]
    assert record.checks == 3
    assert dict(record.properties)["gradcheck_verdict"] == "pass"


def test_reports_are_sent_in_a_format_only() -> None:
    record = recorded(report(2.0))
    assert record.plain("")["checks"] == []
    (check,) = record.plain("json")["checks"]
    sent: dict[str, Any] = json.loads(check["report"])
    assert check["verdict"] == sent["verdict"] == "fail"
