"""The variable of a wrong value, from how it is used."""

from __future__ import annotations

from pathlib import Path

from gradcheck.scripts.chain_rule.backward import BackwardPass
from gradcheck.scripts.chain_rule.candidates import Candidates
from gradcheck.scripts.chain_rule.consumers import Consumers
from gradcheck.scripts.chain_rule.pairs import PairTable
from gradcheck.scripts.chain_rule.vjp import Variable
from gradcheck.scripts.graph.nodes import Node
from tests.scripts.planted import analysed, planted
from tests.scripts.samples import TWO_LAYERS


def consumers(folder: Path, text: str) -> tuple[Consumers, dict[str, Node]]:
    analysis = analysed(folder, text)
    backward = BackwardPass(analysis.graph, analysis.chain, analysis.forward, analysis.parameters)
    table = PairTable(analysis.graph, analysis.forward)
    nodes = {name: node for node in analysis.graph.nodes for name in node.names}
    return Consumers(backward, Candidates(backward, table, {}), table), nodes


def test_a_wrong_value_is_used_as_the_adjoint_of_its_variable(tmp_path: Path) -> None:
    text, _ = planted(TWO_LAYERS, "dz = dh * (1 - h**2)", "dz = dh * h")
    found, nodes = consumers(tmp_path, text)
    variable = found.variable_for(nodes["dz"])
    assert variable is not None
    assert variable.label == "z"


def test_its_use_confirms_one_variable_and_not_another(tmp_path: Path) -> None:
    text, _ = planted(TWO_LAYERS, "dz = dh * (1 - h**2)", "dz = dh * h")
    found, nodes = consumers(tmp_path, text)
    assert found.confirms(nodes["dz"], Variable(node=nodes["z"]))
    assert not found.confirms(nodes["dz"], Variable(node=nodes["h"]))
