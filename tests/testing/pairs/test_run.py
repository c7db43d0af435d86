"""Every layer with every loss passes, a wrong layer fails in its row only, and unknown names are refused."""

from __future__ import annotations

from typing import Any

import pytest

import gradcheck
from gradcheck import Verdict
from gradcheck.nn import Sigmoid
from gradcheck.nn.kinds import ACTIVATIONS, LAYERS, LOSSES
from gradcheck.testing.pairs.run import pairs


@pytest.mark.parametrize("loss", LOSSES)
def test_the_whole_table_passes(loss: str) -> None:
    table = pairs(losses=[loss], rng=0)
    assert len(table.cells) == len(LAYERS) + len(ACTIVATIONS)
    assert table, str(table)
    for cell in table.cells:
        if cell.verdict is None:
            assert cell.layer in ACTIVATIONS
            assert cell.note
        else:
            assert cell.error_bar is not None
            assert cell.resolution is not None
            assert cell.error_bar < 5e-5  # what a slope is measured to, at most
            assert cell.resolution < 1e-3


def test_a_wrong_layer_fails_in_its_row_only(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Sigmoid.derivative
    monkeypatch.setattr(Sigmoid, "derivative", lambda self, z: right(self, z) ** 2)
    table = pairs(["Sigmoid", "Tanh"], ["MeanSquaredError", "Hinge"], rng=0)
    assert {cell.layer for cell in table.cells if cell.verdict is Verdict.FAIL} == {"Sigmoid"}
    assert all(cell.verdict is Verdict.PASS for cell in table.cells if cell.layer == "Tanh")
    assert table.verdict is Verdict.FAIL
    assert "✗ Sigmoid with Hinge: layers.0.W fail, layers.0.b fail" in str(table)


def test_the_same_seed_gives_the_same_cell_in_any_table() -> None:
    alone = pairs(["GRU"], ["Huber"], rng=5).cells[0]
    among = next(
        cell
        for cell in pairs(["LSTM", "GRU"], ["Huber", "Hinge"], rng=5).cells
        if cell.loss == "Huber" and cell.layer == "GRU"
    )
    assert alone == among


def test_progress_is_reported() -> None:
    calls: list[tuple[int, int, str]] = []
    pairs(["Dense"], ["Huber", "Hinge"], rng=0, progress=lambda *news: calls.append(news))
    assert calls == [(1, 2, "Dense with Huber"), (2, 2, "Dense with Hinge")]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"layers": ["Denze"]}, "no layer 'Denze', did you mean 'Dense'"),
        ({"losses": ["mse"]}, "no loss 'mse'"),
    ],
)
def test_unknown_names_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(gradcheck.SubjectError, match=words):
        pairs(**options)
