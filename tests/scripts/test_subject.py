"""A program and a line as subjects."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gradcheck.scripts.subject import LineSubject, ProgramSubject
from gradcheck.subjects.views import LayerView
from tests.scripts.planted import analysed
from tests.scripts.samples import TWO_LAYERS


def test_a_program_is_a_function_of_its_parameters(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, TWO_LAYERS)
    subject = ProgramSubject(analysis.base, analysis.loss, analysis.parameters, "train.py")
    assert [block.name for block in subject.blocks] == ["W1", "b1", "W2"]
    gradient = subject.gradient(subject.point)
    direction = tuple(np.ones(x.shape) for x in subject.point)
    ends = [
        subject.loss(tuple(x + sign * 1e-5 * v for x, v in zip(subject.point, direction, strict=True)))
        for sign in (1, -1)
    ]
    expected = sum(float(g.sum()) for g in gradient)
    np.testing.assert_allclose((ends[0] - ends[1]) / 2e-5, expected, rtol=1e-7)


def test_a_line_is_a_function_of_its_variable(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, TWO_LAYERS)
    pair = next(p for p in analysis.localise().pairs.values() if p.node.label == "dz")
    h = next(n for n in analysis.graph.nodes if "h" in n.names)
    subject = LineSubject(analysis.chain, analysis.base, pair, h, {}, {})
    (claim,) = subject.gradient(subject.point)
    np.testing.assert_array_equal(claim, analysis.base.value(pair.node))
    view = subject.view(subject.point)
    assert isinstance(view, LayerView)
    np.testing.assert_allclose(view.y, np.tanh(subject.point[0]))
    dh = next(n for n in analysis.graph.nodes if "dh" in n.names)
    np.testing.assert_allclose(view.upstream, analysis.base.value(dh), rtol=1e-6)


def test_without_an_activation_there_is_no_view(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, TWO_LAYERS)
    pair = next(p for p in analysis.localise().pairs.values() if p.node.label == "dz")
    subject = LineSubject(analysis.chain, analysis.base, pair, None, {}, {})
    assert subject.view(subject.point) is None
