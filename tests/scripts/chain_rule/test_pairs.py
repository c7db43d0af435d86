"""Pairs as they are found."""

from __future__ import annotations

from pathlib import Path

from gradcheck.scripts.chain_rule.pairs import AdjointPair, PairTable
from gradcheck.scripts.chain_rule.vjp import Proportionality, Variable
from tests.scripts.planted import analysed
from tests.scripts.samples import TWO_LAYERS


def test_the_nearest_pairs_are_upstream(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, TWO_LAYERS)
    nodes = {name: node for node in analysis.graph.nodes for name in node.names}
    table = PairTable(analysis.graph, analysis.forward)
    assert table.upstream(nodes["dW1"]) == ()
    for name, of, factor in (("dout", "out", 1.0), ("dh", "h", 3.0)):
        ratio = Proportionality(factor, proportional=True)
        table.assign(AdjointPair(Variable(node=nodes[of]), nodes[name], table.upstream(nodes[name]), ratio))
    (upstream,) = table.upstream(nodes["dW1"])  # dh is nearer than dout, and dz has no pair
    assert (upstream.node, upstream.scale) == (nodes["dh"], 3.0)
    assert table.location_for(nodes["dh"]) == nodes["h"].location.index
    assert table.variable_before(nodes["dW1"]) is None


def test_a_constant_is_carried_only_if_it_is_known(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, TWO_LAYERS)
    node = analysis.graph.nodes[0]
    for ratio, scale in (
        (Proportionality(2.0, proportional=True), 2.0),
        (Proportionality(2.0, proportional=False), 1.0),
        (Proportionality(1.0, proportional=True, both_zero=True), 1.0),
    ):
        assert AdjointPair(Variable(node=node), node, (), ratio).scale == scale
    unscaled = AdjointPair(Variable(node=node), node, (), Proportionality(2.0, proportional=True), unscaled=True)
    assert unscaled.scale == 1.0
