"""The table as text and as JSON, from data that no check has made."""

from __future__ import annotations

import json

from gradcheck.testing.pairs.data import Cell, PairsData
from gradcheck.testing.pairs.run import pairs
from gradcheck.testing.pairs.text import json_of, text_of
from gradcheck.verdicts.verdict import Verdict

TABLE = PairsData(
    "1.0",
    7,
    (
        Cell("Tanh", "Huber", Verdict.PASS, 2e-9, 5e-5, 100),
        Cell("Tanh", "CrossEntropy", None, note="needs probabilities"),
        Cell("GRU", "Huber", Verdict.UNDECIDED, 2e-3, None, 50, "layers.0.W undecided"),
        Cell("GRU", "CrossEntropy", Verdict.FAIL, 3e-9, None, 60, "layers.0.b fail"),
    ),
    1.25,
)


def test_data_sums_up() -> None:
    assert TABLE.evaluations == 210
    assert TABLE.verdict is Verdict.FAIL
    assert not TABLE
    undecided = PairsData("1.0", 7, TABLE.cells[:3], 1.0)
    assert undecided.verdict is Verdict.UNDECIDED
    assert PairsData("1.0", 7, TABLE.cells[:2], 1.0)


def test_text_has_a_cell_for_each_and_remarks() -> None:
    lines = text_of(TABLE).splitlines()
    rows = [line for line in lines if line.startswith(("Tanh ", "GRU "))]
    assert [row.split() for row in rows] == [
        ["Tanh", "✓", "2e-9", "/", "5e-5", "–"],
        ["GRU", "?", "2e-3", "✗", "3e-9"],
    ]
    assert "? GRU with Huber: layers.0.W undecided" in lines
    assert "– CrossEntropy needs probabilities: not directly after Tanh" in lines
    assert lines[-1] == "1 cells pass, 1 fail, 1 undecided, 1 not applicable; 210 evaluations, 1.2 s, seed 7"


def test_a_narrow_table_is_split() -> None:
    assert sum("Huber" in line and "Cross" in line for line in text_of(TABLE, 80).splitlines()) == 1
    assert not any("Huber" in line and "Cross Entropy" in line for line in text_of(TABLE, 40).splitlines())
    assert text_of(TABLE, 40).count("✓ 2e-9 / 5e-5") == 1


def test_json_is_plain_data() -> None:
    found = json.loads(json_of(TABLE))
    assert list(found) == ["version", "verdict", "seed", "evaluations", "seconds", "cells"]
    assert [cell["verdict"] for cell in found["cells"]] == ["pass", "not applicable", "undecided", "fail"]
    assert found["cells"][0]["error_bar"] == 2e-9
    assert found["cells"][3]["resolution"] is None


def test_layers_and_losses_that_cannot_be_combined_are_listed() -> None:
    table = pairs(["Sigmoid", "Softmax", "LogSoftmax", "ReLU"], ["BinaryCrossEntropy", "CrossEntropy"], rng=0)
    checked = {(cell.layer, cell.loss) for cell in table.cells if cell.verdict is not None}
    assert checked == {
        ("Sigmoid", "BinaryCrossEntropy"),
        ("Softmax", "BinaryCrossEntropy"),
        ("Softmax", "CrossEntropy"),
    }
    assert "BinaryCrossEntropy needs probabilities between 0 and 1: not directly after LogSoftmax, ReLU" in str(table)
