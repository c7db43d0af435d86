"""Findings on a program: slug, line, blocks, and the corrected line."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gradcheck.diagnosis.finding import Finding
from gradcheck.scripts.findings import _at_gradient
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import analysed, checked, planted
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


def test_a_block_is_not_found_inside_the_name_of_another(tmp_path: Path) -> None:
    """A finding on W10 gets the line of W10's gradient, not that of W1's."""
    text = TWO_LAYERS.replace("W2", "W10")
    analysis = analysed(tmp_path, text)
    gradients = {p.name: p.claim.location for p in analysis.parameters}
    always: Any = SimpleNamespace(fails_at=lambda _: True)
    never: Any = SimpleNamespace(fails_at=lambda _: False)
    finding = Finding("GC000", "unexplained", "W10", "", "", "", blocks=("W10",))
    assert _at_gradient(finding, analysis, always).line == gradients["W10"].line != gradients["W1"].line
    assert _at_gradient(finding, analysis, never) is finding
