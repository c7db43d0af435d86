"""IPython shows a whole report as the value of a cell, and one line inside of other things."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck


def reports() -> list[Any]:
    def loss(x: Any) -> float:
        return float(x @ x)

    def gradient(x: Any) -> Any:
        return 2 * x

    return [
        gradcheck.check_gradients(loss, gradient, np.ones(3), rng=0),
        gradcheck.doctor(loss, gradient, np.ones(3), step=1e-7, rng=0, budget=0),
        gradcheck.check_optimiser(lambda p, g: p - 0.1 * g, "sgd", each=True, rng=0),
        gradcheck.pairs(["Dense"], ["MeanSquaredError"], rng=0),
    ]


def test_the_value_of_a_cell_is_the_text_and_an_item_of_a_list_the_line() -> None:
    pretty = pytest.importorskip("IPython.lib.pretty").pretty
    for report in reports():
        assert pretty(report) == str(report) != repr(report)
        assert pretty([report]) == f"[{report!r}]"


def test_the_text_is_whole_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    before = [str(report) for report in reports()]
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    for report, text in zip(reports(), before, strict=True):
        assert str(report).split()[:2] == text.split()[:2]
        assert len(report._repr_html_()) > len(text)
