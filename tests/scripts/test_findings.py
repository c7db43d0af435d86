"""Findings on a program: slug, line, blocks, and the corrected line."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import checked, planted
from tests.scripts.samples import TWO_LAYERS


@pytest.mark.parametrize(
    ("right", "wrong", "slug", "blocks"),
    [
        ("dz = dh * (1 - h**2)", "dz = dh * 1.0", "missing-activation-derivative", ("W1", "b1")),
        ("dh = dout @ W2.T", "dh = -dout @ W2.T", "sign-flipped", ("W1", "b1")),
        ("dW2 = h.T @ dout", "dW2 = 2 * h.T @ dout", "constant-factor", ("W2",)),
    ],
)
def test_a_finding_names_line_blocks_and_fix(
    right: str, wrong: str, slug: str, blocks: tuple[str, ...], tmp_path: Path
) -> None:
    text, line = planted(TWO_LAYERS, right, wrong)
    report = checked(tmp_path, text)
    (finding,) = report.findings
    assert (finding.slug, finding.line, finding.blocks) == (slug, line, blocks)
    assert finding.fix.startswith("Write: ")
    assert "with respect to" in finding.message


def test_a_right_program_has_no_findings(tmp_path: Path) -> None:
    report = checked(tmp_path, TWO_LAYERS)
    assert report.verdict is Verdict.PASS
    assert report.findings == ()


def test_a_step_that_cannot_be_recorded_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, _ = planted(TWO_LAYERS, "dz = dh * (1 - h**2)", "dz = dh * 1.0")
    assert not any("No wrong line was looked for" in note for note in checked(tmp_path, text).notes)
    monkeypatch.setattr("gradcheck.scripts.program.recorded_lines", lambda *_: None)
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL
    assert report.lines == ()
    assert any("No wrong line was looked for" in note for note in report.notes)
