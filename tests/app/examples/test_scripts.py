"""The two programs of the post as scripts: they run, and a check shows which gradient is right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from gradcheck.app.cli import main

SCRIPTS = Path(__file__).parents[3] / "docs" / "examples"


def run(name: str, steps: str = "", fewer: str = "") -> dict[str, Any]:
    """Run a script, with fewer steps if given; returns its variables."""
    text = (SCRIPTS / name).read_text(encoding="utf-8")
    assert steps in text
    left: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(text.replace(steps, fewer) if steps else text, name, "exec"), left)
    return left


def test_the_question_stays_at_the_logarithm_of_two(capsys: pytest.CaptureFixture[str]) -> None:
    left = run("question.py", "1_000_000", "3_000")
    assert left["loss"] == pytest.approx(np.log(2), abs=1e-6)
    assert capsys.readouterr().out.startswith("0 0.693")


def test_the_answer_learns_and_plots_its_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    monkeypatch.setitem(matplotlib.rcParams, "backend", "agg")
    left = run("answer.py")
    axes = left["plt"].gca()
    assert axes.get_yscale() == "log"
    (line,) = axes.get_lines()
    np.testing.assert_array_equal(line.get_ydata(), left["losses"])
    assert line.get_ydata()[-1] == pytest.approx(3.8e-6, rel=0.05)
    np.testing.assert_array_equal(left["a2"].round(), left["labels"])
    left["plt"].close("all")


def test_the_question_passes() -> None:
    result = CliRunner().invoke(main, ["check", str(SCRIPTS / "question.py"), "--seed", "0"])
    assert result.exit_code == 0
    assert "✓  dz2 = a2 - labels" in result.stdout


def test_the_answer_fails_in_the_line_with_the_factor() -> None:
    pytest.importorskip("matplotlib")
    result = CliRunner().invoke(main, ["check", str(SCRIPTS / "answer.py"), "--seed", "0"])
    assert result.exit_code == 1
    assert result.stdout.count("✗ wrong") == 1
    assert "✗ wrong  dz2 = (a2 - labels) * sigmoid_slope(z2)" in result.stdout
    assert "Write: dz2 = a2 - labels" in result.stdout
    assert "GC302 extra-activation-derivative" in result.stdout
