"""An expression is patched in the running program, and everything is put back."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from gradcheck.scripts.analysis import Analysis
from gradcheck.scripts.instrument.events import Diverged
from gradcheck.scripts.record.patch import EventMap, PatchedExpression
from tests.scripts.planted import analysed
from tests.scripts.record.test_repairs import NORMALISED, RECURRENT

#: The slope of an activation is a function inside of a method, which also calls `super()`.
SLOPE_INSIDE = """\
import numpy as np

rng = np.random.default_rng(0)
x, y = rng.standard_normal((8, 3)), rng.standard_normal((8, 2))


class Activation:
    def __init__(self, function, slope):
        self.function, self.slope = function, slope

    def forward(self, z):
        self.z = z
        return self.function(z)

    def backward(self, d):
        return d * self.slope(self.z)


class Tanh(Activation):
    def __init__(self):
        def tanh(z):
            return np.tanh(z)

        def slope(z):
            s = 1 - np.tanh(z) ** 2
            return s

        super().__init__(tanh, slope)


W, V = rng.standard_normal((3, 5)), rng.standard_normal((5, 2))
act = Tanh()
for i in range(50):
    h = act.forward(x @ W)
    p = h @ V
    loss = ((p - y) ** 2).sum()
    d = 2 * (p - y)
    dV = h.T @ d
    dW = x.T @ act.backward(d @ V.T)
    W -= 0.01 * dW
    V -= 0.01 * dV
print(loss)
"""


def span_of(text: str, start: str) -> tuple[int, int, int, int]:
    """Where the value of the assignment that begins so is."""
    found = next(
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Assign) and ast.get_source_segment(text, node, padded=False).startswith(start)  # type: ignore[union-attr]
    )
    value = found.value
    assert value.end_lineno is not None
    assert value.end_col_offset is not None
    return value.lineno, value.col_offset, value.end_lineno, value.end_col_offset


def is_as_before(analysis: Analysis, events: EventMap, *, gradients: bool = True) -> bool:
    """Whether the loss, and the gradients, of the patched program are those of the program as it is written."""
    nodes = [analysis.loss, *(p.claim for p in analysis.parameters if gradients)]
    seen = events.base(analysis.base).run([events.node(node) for node in nodes])
    return seen is not None and all(
        np.allclose(value, analysis.base.value(node)) for node, value in zip(nodes, seen, strict=True)
    )


@pytest.mark.parametrize(("text", "part"), [(NORMALISED, "dW = "), (RECURRENT, "dh = Wh.T")], ids=["loop", "method"])
def test_an_expression_is_patched_and_put_back(text: str, part: str, tmp_path: Path) -> None:
    """With the negative the gradients are others; afterwards nothing has changed."""
    analysis = analysed(tmp_path, text)
    step, file = analysis.step, str(tmp_path / "train.py")
    locations, layout = len(step.tracer.locations), list(step.tracer.layout or [])
    patched = PatchedExpression(step, file, span_of(text, part))
    for _ in range(2):
        with patched.active() as events:
            assert is_as_before(analysis, events)
            patched.put(ast.UnaryOp(ast.USub(), patched.original.expression))
            assert not is_as_before(analysis, events)
            patched.put(ast.Name("no_such_name", ast.Load()))
            assert not is_as_before(analysis, events)
        assert (len(step.tracer.locations), step.tracer.layout) == (locations, layout)
    claims = analysis.base.run([p.claim for p in analysis.parameters])
    assert claims is not None
    for p, value in zip(analysis.parameters, claims, strict=True):
        np.testing.assert_array_equal(value, analysis.base.value(p.claim))


def test_an_event_inside_the_expression_has_no_place(tmp_path: Path) -> None:
    """An edit of the loss could make any gradient right."""
    analysis = analysed(tmp_path, NORMALISED)
    patched = PatchedExpression(analysis.step, str(tmp_path / "train.py"), span_of(NORMALISED, "loss = "))
    with patched.active() as events, pytest.raises(Diverged, match="inside the patched expression"):
        events.node(analysis.loss)


def test_an_edit_of_what_the_loss_is_made_of_changes_it(tmp_path: Path) -> None:
    text = NORMALISED.replace("loss = np.mean((out - y) ** 2)", "error = out - y\n    loss = np.mean(error**2)")
    analysis = analysed(tmp_path, text)
    patched = PatchedExpression(analysis.step, str(tmp_path / "train.py"), span_of(text, "error = "))
    with patched.active() as events:
        assert is_as_before(analysis, events, gradients=False)
        patched.put(ast.parse("(out - y) / 2**0.5", mode="eval").body)
        assert not is_as_before(analysis, events, gradients=False)


def test_a_place_without_an_expression_is_refused(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, NORMALISED)
    with (
        pytest.raises(Diverged, match="has no such expression"),
        PatchedExpression(analysis.step, str(tmp_path / "train.py"), (2, 0, 2, 1)).active(),
    ):
        pass


def test_a_function_inside_of_another_one_is_patched_where_rewriting_brings_in_lambdas(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, SLOPE_INSIDE)
    patched = PatchedExpression(analysis.step, str(tmp_path / "train.py"), span_of(SLOPE_INSIDE, "s = "))
    with patched.active() as events:
        assert is_as_before(analysis, events)
        patched.put(ast.UnaryOp(ast.USub(), patched.original.expression))
        assert not is_as_before(analysis, events)
