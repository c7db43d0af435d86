"""A statement is patched in the running program, and everything is put back."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from gradcheck.scripts.instrument.events import Diverged
from gradcheck.scripts.record.patch import PatchedStatement
from gradcheck.scripts.repair.search import GradientTest
from tests.scripts.planted import analysed
from tests.scripts.repair.test_search import NORMALISED, RECURRENT


@pytest.mark.parametrize(("text", "part"), [(NORMALISED, "dW = "), (RECURRENT, "dh = Wh.T")], ids=["loop", "method"])
def test_a_statement_is_patched_and_put_back(text: str, part: str, tmp_path: Path) -> None:
    """Unchanged, the gradients are right; with the negative, they are wrong; afterwards nothing has changed."""
    analysis = analysed(tmp_path, text)
    step, file = analysis.step, str(tmp_path / "train.py")
    line = text[: text.index(part)].count("\n") + 1
    locations, layout = len(step.tracer.locations), list(step.tracer.layout or [])
    patched, test = PatchedStatement(step, file, line), GradientTest(analysis, list(analysis.parameters))
    for _ in range(2):
        with patched.active() as events:
            assert test.passes(events)
            patched.put(ast.UnaryOp(ast.USub(), patched.statement.expression))
            assert not test.passes(events)
            patched.put(ast.Name("no_such_name", ast.Load()))
            assert not test.passes(events)
        assert (len(step.tracer.locations), step.tracer.layout) == (locations, layout)
    claims = analysis.base.run([p.claim for p in analysis.parameters])
    assert claims is not None
    for p, value in zip(analysis.parameters, claims, strict=True):
        np.testing.assert_array_equal(value, analysis.base.value(p.claim))


def test_an_edit_of_the_loss_is_not_a_repair(tmp_path: Path) -> None:
    """An edit of the loss could make any gradient right."""
    text = NORMALISED.replace("dout = 2 * (out - y) / n", "dout = (out - y) / n")
    analysis = analysed(tmp_path, text)
    line = text[: text.index("loss = ")].count("\n") + 1
    patched = PatchedStatement(analysis.step, str(tmp_path / "train.py"), line)
    test = GradientTest(analysis, list(analysis.parameters))
    with patched.active() as events, pytest.raises(Diverged, match="inside the patched statement"):
        test.passes(events)
    text = text.replace("loss = np.mean((out - y) ** 2)", "error = out - y\n    loss = np.mean(error**2)")
    analysis = analysed(tmp_path, text)
    line = text[: text.index("error = ")].count("\n") + 1
    patched, test = PatchedStatement(analysis.step, str(tmp_path / "train.py"), line), GradientTest(analysis, [])
    with patched.active() as events:
        assert test.passes(events), "only the loss is tested"
        patched.put(ast.parse("(out - y) / 2**0.5", mode="eval").body)
        assert not test.passes(events)


def test_a_line_without_a_statement_is_refused(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, NORMALISED)
    with (
        pytest.raises(Diverged, match="has no value"),
        PatchedStatement(analysis.step, str(tmp_path / "train.py"), 2).active(),
    ):
        pass
