"""The verdict on each line."""

from __future__ import annotations

from pathlib import Path

from gradcheck.scripts.blame.lines import line_reports
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import analysed, planted
from tests.scripts.samples import TWO_LAYERS, line_of


def test_lines_in_the_order_of_the_source(tmp_path: Path) -> None:
    localisation = analysed(tmp_path, TWO_LAYERS).localise()
    lines = line_reports(localisation.pairing, localisation.lines)
    assert [line.line for line in lines] == list(range(line_of(TWO_LAYERS, "dout ="), line_of(TWO_LAYERS, "W1 -=")))
    assert {line.verdict for line in lines} == {Verdict.PASS}
    assert [line.of for line in lines] == ["out", "W2", "h", "z", "W1", "b1"]


def test_only_the_faulty_line_fails(tmp_path: Path) -> None:
    text, wrong = planted(TWO_LAYERS, "dz = dh * (1 - h**2)", "dz = dh * (1 - h)")
    localisation = analysed(tmp_path, text).localise()
    verdicts = {line.line: line.verdict for line in line_reports(localisation.pairing, localisation.lines)}
    assert [line for line, verdict in verdicts.items() if verdict is Verdict.FAIL] == [wrong]


def test_a_line_that_is_wrong_but_not_faulty_is_undecided(tmp_path: Path) -> None:
    text, wrong = planted(TWO_LAYERS, "dz = dh * (1 - h**2)", "dz = dh * (1 - h)")
    localisation = analysed(tmp_path, text).localise()
    verdicts = {line.line: line.verdict for line in line_reports(localisation.pairing, ())}
    assert verdicts[wrong] is Verdict.UNDECIDED
