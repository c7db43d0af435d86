"""The chain rule measured on a network whose adjoints are known in closed form."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gradcheck.scripts.blame.analysis import Analysis
from gradcheck.scripts.chain_rule.vjp import Pullback, UpstreamAdjoint, Variable, proportionality
from gradcheck.scripts.graph.nodes import Node
from tests.scripts.planted import analysed
from tests.scripts.samples import TWO_LAYERS


def node(analysis: Analysis, name: str) -> Node:
    return next(n for n in analysis.graph.nodes if name in n.names)


def variable(analysis: Analysis, name: str) -> Variable:
    return Variable(node=node(analysis, name))


def adjoint(analysis: Analysis, derivative: str, name: str, scale: float = 1.0) -> UpstreamAdjoint:
    return UpstreamAdjoint(variable(analysis, name), node(analysis, derivative), scale)


def test_the_gradient_of_a_pullback_is_the_adjoint(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, TWO_LAYERS)
    for upstream in ([], [adjoint(analysis, "dout", "out")], [adjoint(analysis, "dh", "h")]):
        pullback = Pullback(variable(analysis, "z"), upstream)
        entries = list(np.ndindex(9, 4))
        found = analysis.chain.gradient(pullback, analysis.base, entries).reshape(9, 4)
        np.testing.assert_allclose(found, analysis.base.value(node(analysis, "dz")), rtol=1e-7, atol=1e-9)


def test_a_right_adjoint_agrees_and_a_wrong_one_does_not(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, TWO_LAYERS)
    pullback = Pullback(variable(analysis, "z"), [adjoint(analysis, "dout", "out")])
    assert analysis.chain.compare(pullback, node(analysis, "dz")).right
    assert not analysis.chain.compare(pullback, node(analysis, "dh")).proportional
    assert not analysis.chain.compare(Pullback(variable(analysis, "out")), node(analysis, "dz")).known


def test_a_constant_is_measured(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, TWO_LAYERS.replace("dz = dh", "dz = 3 * dh"))
    ratio = analysis.chain.compare(Pullback(variable(analysis, "z")), node(analysis, "dz"))
    assert ratio.nonzero
    assert not ratio.right
    assert ratio.factor == pytest.approx(3, rel=1e-8)


def test_upstream_adjoints_with_a_constant(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, TWO_LAYERS.replace("dout = out - y", "dout = 2 * (out - y)"))
    for scale in (1.0, 2.0):
        pullback = Pullback(variable(analysis, "h"), [adjoint(analysis, "dout", "out", scale)], direct=False)
        ratio = analysis.chain.compare(pullback, node(analysis, "dh"))
        assert ratio.factor == pytest.approx(scale, rel=1e-8)


def test_a_pinned_node_contributes_nothing(tmp_path: Path) -> None:
    text = TWO_LAYERS.replace("out = h @ W2", "side = 2 * z[:, :2]\n    out = h @ W2 + side")
    analysis = analysed(tmp_path, text)
    pullback = Pullback(variable(analysis, "z"))
    assert not analysis.chain.compare(pullback, node(analysis, "dz")).proportional
    assert analysis.chain.compare(replace(pullback, pinned=[node(analysis, "side")]), node(analysis, "dz")).right


def test_a_kink_is_noticed_and_curvature_is_not_one(tmp_path: Path) -> None:
    text = TWO_LAYERS.replace("h = np.tanh(z)", "h = np.maximum(z, 0 * z)").replace("x @ W1", "0 * (x @ W1)")
    text = text.replace("(1 - h**2)", "(z > 0)")
    analysis = analysed(tmp_path, text)
    assert analysis.chain.has_kink(Pullback(Variable(parameter=analysis.parameters[0].variable)))
    smooth = analysed(tmp_path, TWO_LAYERS)
    assert not smooth.chain.has_kink(Pullback(variable(smooth, "z")))


def test_zero_agrees_with_zero_only() -> None:
    assert proportionality([0.0, 0.0], [1e-14, 0.0], [1e-13, 1e-13], [0.0, 0.0]).right
    assert not proportionality([0.0, 0.0], [1.0, 0.5], [1e-9, 1e-9], [0.0, 0.0]).proportional
    assert not proportionality([1.0, 2.0], [0.0, 0.0], [1e-9, 1e-9], [1.0, 2.0]).proportional


def test_slopes_with_large_errors_decide_nothing() -> None:
    found = proportionality([1.0, 2.0], [1.0, 2.0], [0.1, 0.1], [1.0, 2.0])
    assert found.proportional
    assert not found.known


def test_one_direction_that_disagrees_is_enough() -> None:
    errors, norms = [1e-9] * 3, [1.0] * 3
    assert proportionality([1.0, 0.5, 0.3], [1.0, 0.5, 0.3], errors, norms).right
    assert not proportionality([1.0, 0.5, 0.3], [1.0, 0.5, 0.301], errors, norms).proportional
