"""Steps that compute many numbers are checked with fewer replays; what they find is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.errors import TargetError
from gradcheck.scripts import program
from gradcheck.scripts.graph import dataflow
from gradcheck.scripts.record import lines
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import blamed, checked, planted
from tests.scripts.samples import LINEAR, TWO_LAYERS


@pytest.fixture(autouse=True)
def few_replays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "_MOST_ENTRIES", 1.0)
    monkeypatch.setattr(lines, "_MOST_ENTRIES", 1.0)


@pytest.mark.parametrize("text", [LINEAR, TWO_LAYERS], ids=["linear", "layers"])
def test_a_right_step_passes(text: str, tmp_path: Path) -> None:
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.PASS, str(report)
    assert all(block.verdict is Verdict.PASS for block in report.blocks.values())


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (LINEAR, "g = x.T @ r", "g = x.T @ np.abs(r)"),
        (TWO_LAYERS, "dz = dh * (1 - h**2)", "dz = dh * (1 - h)"),
        (TWO_LAYERS, "dW2 = h.T @ dout", "dW2 = z.T @ dout"),
        (TWO_LAYERS, "db1 = dz.sum(axis=0)", "db1 = dz.mean(axis=0)"),
    ],
)
def test_a_wrong_line_is_found(text: str, right: str, wrong: str, tmp_path: Path) -> None:
    text, line = planted(text, right, wrong)
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL, str(report)
    assert blamed(report) == {line}


def test_an_optimiser_that_begins_with_no_averages_is_checked_at_its_second_step(tmp_path: Path) -> None:
    text = LINEAR.replace("w -= 0.1 * g", "m = g if m is None else 0.9 * m + 0.1 * g\n    w -= 0.1 * m")
    text = text.replace("for i in", "m = None\nfor i in")
    assert checked(tmp_path, text).verdict is Verdict.PASS
    text, line = planted(text, "g = x.T @ r\n", "g = x.T @ (r * r)\n")
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL, str(report)
    assert blamed(report) == {line}


@pytest.mark.parametrize(("bound", "most"), [("_MOST_REPLAYED", 3), ("_MOST_ENTRIES", 1e2)])
def test_a_large_step_that_cannot_be_recorded_is_refused(
    bound: str, most: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataflow, bound, most)
    assert checked(tmp_path, TWO_LAYERS).verdict is Verdict.PASS
    monkeypatch.setattr(dataflow, "record_events", lambda step, trace: None)
    with pytest.raises(TargetError, match="too many to follow one by one: check a smaller problem"):
        checked(tmp_path, TWO_LAYERS)
