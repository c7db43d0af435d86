"""Candidate variables for a backward value."""

from __future__ import annotations

from pathlib import Path

from gradcheck.scripts.chain_rule.backward import BackwardPass
from gradcheck.scripts.chain_rule.candidates import Candidates, refers_to
from gradcheck.scripts.chain_rule.pairs import PairTable
from tests.scripts.planted import analysed
from tests.scripts.samples import TWO_LAYERS


def test_variables_with_the_right_name_come_first(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, TWO_LAYERS)
    backward = BackwardPass(analysis.graph, analysis.chain, analysis.forward, analysis.parameters)
    table = PairTable(analysis.graph, analysis.forward)
    node = next(n for n in analysis.graph.nodes if "dz" in n.names)
    options = Candidates(backward, table, {}).options(node)
    assert options[0].label == "z"
    assert {option.label for option in options} >= {"z", "h"}
    assert all(option.shape == node.shape for option in options)
    assert [refers_to(node, option) for option in options[:2]] == [True, False]
    assert [option.label for option in Candidates(backward, table, {"dz": "h"}).options(node)] == ["h"]


def test_variables_below_and_between(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, TWO_LAYERS)
    backward = BackwardPass(analysis.graph, analysis.chain, analysis.forward, analysis.parameters)
    candidates = Candidates(backward, PairTable(analysis.graph, analysis.forward), {})
    weights = next(v for v in candidates.variables if v.label == "W2")
    dout, dh = (next(n for n in analysis.graph.nodes if name in n.names) for name in ("dout", "dh"))
    assert "out" in {v.label for v in candidates.below(weights, dout)}
    assert "h" not in {v.label for v in candidates.below(weights, dh)}
