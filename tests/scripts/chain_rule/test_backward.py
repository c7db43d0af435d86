"""Values of the backward pass: terms of sums, parts of gradients, values that are computed again."""

from __future__ import annotations

from pathlib import Path

from gradcheck.scripts.chain_rule.backward import BackwardPass
from gradcheck.scripts.graph.nodes import Node
from tests.scripts.planted import analysed
from tests.scripts.samples import TWO_LAYERS


def backward(folder: Path, text: str) -> BackwardPass:
    analysis = analysed(folder, text)
    return BackwardPass(analysis.graph, analysis.chain, analysis.forward, analysis.parameters)


def node(found: BackwardPass, name: str) -> Node:
    return next(n for n in found.graph.nodes if name in n.names)


def test_it_lies_between_forward_pass_and_updates(tmp_path: Path) -> None:
    found = backward(tmp_path, TWO_LAYERS)
    labels = {found.graph.nodes[i].label for i in found.nodes}
    assert {"dout", "dW2", "dh", "dz", "dW1", "db1"} <= labels
    assert not labels & {"out", "loss", "z"}


def test_a_term_of_a_gradient(tmp_path: Path) -> None:
    text = TWO_LAYERS.replace("dW1 = x.T @ dz", "penalty = 0.1 * W1\n    data = x.T @ dz\n    dW1 = data + penalty")
    found = backward(tmp_path, text)
    terms = {found.graph.nodes[i].label for i in found.terms}
    assert {"penalty", "data"} <= terms
    assert not {"dz", "dh"} & terms
    assert found.is_term(node(found, "data"), node(found, "dW1"))
    assert not found.is_term(node(found, "dh"), node(found, "dz"))


def test_a_value_that_the_forward_pass_has_as_well(tmp_path: Path) -> None:
    found = backward(
        tmp_path, TWO_LAYERS.replace("dz = dh", "again = np.tanh(z)\n    dz = dh").replace("h**2", "again**2")
    )
    assert node(found, "again").index in found.recomputed
    assert node(found, "dh").index not in found.recomputed


def test_a_value_that_grows_into_another_is_unfinished(tmp_path: Path) -> None:
    text = TWO_LAYERS.replace("dz = dh * (1 - h**2)", "dz = dh.copy()\n    dz *= 1 - h**2")
    found = backward(tmp_path, text)
    first, last = (n for n in found.graph.nodes if "dz" in n.names)
    assert found.is_unfinished(first)
    assert not found.is_unfinished(last)
