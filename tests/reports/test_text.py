"""The text report: headline, table, findings, notes and cost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradcheck import Report, Verdict, check_gradients
from gradcheck.reports.data import LineReport
from gradcheck.reports.text import text_of
from tests.cases import SoftmaxRegression, logcosh, spoil_entry

CASE = SoftmaxRegression()
X = np.linspace(0.5, 2.0, 12)


def report_of(factor: float, name: str = "W") -> Report:
    return check_gradients(lambda p: logcosh(p[name]), lambda p: {name: factor * np.tanh(p[name])}, {name: X}, rng=5)


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "PASS"), (1.5, "FAIL")])
def test_headline_cost_and_seed(factor: float, verdict: str) -> None:
    report = report_of(factor)
    lines = str(report).splitlines()
    assert lines[0].startswith(verdict)
    assert f"{report.evaluations} evaluations of the loss" in lines[-1]
    assert "rng=5" in lines[-1]
    assert f"rtol={report.rtol:g}" in lines[-1]


def test_finding_is_shown_with_evidence_and_fix() -> None:
    report = report_of(1.5)
    text = " ".join(str(report).split())
    for finding in report.findings:
        for part in (finding.where, finding.code, finding.slug, finding.message, finding.evidence, finding.fix):
            assert " ".join(part.split()) in text


def test_each_block_has_a_line_with_its_verdict() -> None:
    report = check_gradients(CASE.loss, CASE.spoiled("b", lambda g: 2 * g), CASE.start, rng=0)
    rows = {line.split()[0]: line.split() for line in str(report).splitlines() if line.startswith(("W ", "b "))}
    assert (rows["W"][1], rows["W"][-1]) == ("4×3", "pass")
    assert (rows["b"][1], rows["b"][-1]) == ("3", "fail")


@pytest.mark.parametrize(
    "name",
    [
        "[red]",
        "W[in]",
        "[/x]",
        ":x:",
        "[link=http://a]b[/link]",
        "a\\b",
        "größe",
        "重み",
        "encoder.0.attention.query.weight",
    ],
)
@pytest.mark.parametrize("factor", [1.0, 1.5])
def test_names_are_shown_as_they_are(name: str, factor: float) -> None:
    text = str(report_of(factor, name))
    assert name in text.replace("\n", "")


def test_verdict_stays_in_sight_beside_a_long_name() -> None:
    row = next(line for line in str(report_of(1.5, "a" * 120)).splitlines() if line.startswith("aaaa"))
    assert row.endswith("fail")


def test_text_is_plain_and_never_shows_nan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    broken = check_gradients(logcosh, lambda x: np.nan * x, X, rng=0)
    for report in (report_of(1.0), report_of(1.5), broken):
        assert "\x1b" not in str(report)
        assert " nan" not in str(report)


def test_lines_have_no_trailing_blanks_and_fit() -> None:
    for line in str(report_of(1.5)).splitlines():
        assert line == line.rstrip()
        assert len(line) <= 110


@pytest.mark.parametrize(
    ("x0", "shape"), [(0.5, "scalar"), (X, "12"), (X.reshape(3, 4), "3×4"), (X.reshape(1, 3, 4), "1×3×4")]
)
def test_shapes(x0: Any, shape: str) -> None:
    row = next(line for line in str(check_gradients(logcosh, np.tanh, x0, rng=0)).splitlines() if line.startswith("x "))
    assert row.split()[1] == shape


def test_single_wrong_entry_shows_its_index() -> None:
    spoil = spoil_entry((4,), 1.5)
    assert "x[4]" in str(check_gradients(logcosh, lambda x: spoil(np.tanh(x)), X, rng=0))


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("it is twice too large", "W: it is twice too large.  GC"),
        ("too often?", "W: too often?  GC"),
        ("A. B.", "W: A. B.  GC"),
    ],
)
def test_a_finding_ends_with_one_mark(message: str, shown: str) -> None:
    report = report_of(1.5)
    changed = replace(report, findings=(replace(report.findings[0], where="W", message=message),))
    assert shown in str(changed)


def test_advice_follows_the_verdict() -> None:
    noise = np.random.default_rng(0)
    undecided = check_gradients(lambda x: logcosh(x) + noise.normal(), np.tanh, X, rng=0)
    assert "A larger rtol makes the check easier to pass." in " ".join(str(undecided).split())
    assert "The gradient is wrong" in str(report_of(1.5))
    assert "To read more: gradcheck explain GC102" in str(report_of(1.5))
    assert "To read more" not in str(report_of(1.0))


@pytest.mark.parametrize("width", [20, 30, 40, 60, 110])
def test_the_legend_has_the_columns_of_the_table(width: int) -> None:
    lines = text_of(check_gradients(logcosh, np.tanh, X, rng=0), width).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("block"))
    legend = " ".join(lines[start + 2 : lines.index("", start)])
    for header in ("‖claimed‖", "‖numeric‖", "gap", "error bar", "resolution"):
        assert (header in lines[start]) == (header in legend)


@pytest.mark.parametrize(("file", "shown"), [("train.ipynb, cell 2", True), ("net.py", True), ("train.ipynb", False)])
def test_lines_stand_below_the_file_that_they_are_in_unless_it_is_the_target(file: str, shown: bool) -> None:
    line = LineReport(file, 7, "dw", "w", Verdict.FAIL, 2.0, "dw = x")
    report = replace(check_gradients(logcosh, np.tanh, X, rng=0), target="train.ipynb", lines=(line,))
    lines = text_of(report, 80).splitlines()
    assert (file in lines) == shown
    assert (file in text_of(report, 40).splitlines()) == shown
