"""The fewest lines that explain the wrong gradients."""

from __future__ import annotations

from pathlib import Path

from gradcheck.scripts.blame.analysis import Analysis
from gradcheck.scripts.blame.faulty_line import FaultyLine
from gradcheck.scripts.blame.localisation import Localisation
from gradcheck.scripts.blame.minimal_set import minimal_set
from tests.scripts.planted import analysed, planted
from tests.scripts.samples import TWO_LAYERS


def fewest(analysis: Analysis, found: Localisation, names: list[str]) -> set[str]:
    """Of suspected values, those of the smallest set."""
    pairs = list(found.pairs.values())
    suspects = [FaultyLine(p, p.node, executions=(p.node,)) for p in pairs if p.node.label in names]
    lines = minimal_set(analysis.graph, analysis.chain, pairs, analysis.parameters, suspects, found.wrong)
    return {line.node.label for line in lines}


def test_one_line_that_explains_everything_is_enough(tmp_path: Path) -> None:
    text, _ = planted(TWO_LAYERS, "dz = dh * (1 - h**2)", "dz = dh * (1 - h)")
    analysis = analysed(tmp_path, text)
    assert fewest(analysis, analysis.localise(), ["dz", "dh"]) == {"dz"}


def test_all_lines_stay_if_no_few_of_them_explain_everything(tmp_path: Path) -> None:
    text, _ = planted(TWO_LAYERS, "dW2 = h.T @ dout", "dW2 = z.T @ dout")
    text, _ = planted(text, "dz = dh * (1 - h**2)", "dz = dh * (1 - h)")
    analysis = analysed(tmp_path, text)
    assert fewest(analysis, analysis.localise(), ["dW2", "dz"]) == {"dW2", "dz"}
