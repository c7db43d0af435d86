"""Every layer with every loss."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import gradcheck
from gradcheck import Verdict
from gradcheck.app.cli import main
from gradcheck.nn import Sigmoid
from gradcheck.nn.kinds import ACTIVATIONS, LAYERS, LOSSES
from gradcheck.nn.layer import Array
from gradcheck.testing.cases import LAYER_CASES, LOSS_CASES
from gradcheck.testing.pairs.run import example, pairs


def test_no_layer_and_no_loss_is_forgotten() -> None:
    assert set(LAYER_CASES) == set(LAYERS)
    assert set(LOSS_CASES) == set(LOSSES)


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
            assert cell.error_bar < 1e-5
            assert cell.resolution < 1e-3


def test_what_makes_no_sense_is_said() -> None:
    table = pairs(["Sigmoid", "Softmax", "LogSoftmax", "ReLU"], ["BinaryCrossEntropy", "CrossEntropy"], rng=0)
    makes_sense = {(cell.layer, cell.loss) for cell in table.cells if cell.verdict is not None}
    assert makes_sense == {
        ("Sigmoid", "BinaryCrossEntropy"),
        ("Softmax", "BinaryCrossEntropy"),
        ("Softmax", "CrossEntropy"),
    }
    assert "BinaryCrossEntropy takes probabilities between 0 and 1: not directly after LogSoftmax, ReLU" in str(table)


def test_a_wrong_layer_fails_in_its_row_only(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Sigmoid.derivative
    monkeypatch.setattr(Sigmoid, "derivative", lambda self, z: right(self, z) ** 2)
    table = pairs(["Sigmoid", "Tanh"], ["MeanSquaredError", "Hinge"], rng=0)
    assert {cell.layer for cell in table.cells if cell.verdict is Verdict.FAIL} == {"Sigmoid"}
    assert all(cell.verdict is Verdict.PASS for cell in table.cells if cell.layer == "Tanh")
    assert table.verdict is Verdict.FAIL
    assert "✗ Sigmoid with Hinge: layers.0.W fail, layers.0.b fail" in str(table)


@pytest.mark.parametrize("loss", ["MeanSquaredError", "Huber", "CrossEntropyWithLogits"])
@pytest.mark.parametrize("layer", [kind for kind in (*LAYERS, *ACTIVATIONS) if kind != "Embedding"])
def test_one_wrong_entry_of_what_a_layer_passes_down_is_seen(layer: str, loss: str) -> None:
    network, batch = example(layer, loss, seed=0)
    culprit = next(
        inner for inner in network.layers if type(inner).__name__ == layer and inner is not network.layers[0]
    )
    right = culprit.backward

    def backward(upstream: Array) -> Array:
        downstream = right(upstream).copy()
        downstream.flat[np.abs(downstream).argmax()] *= 1.01
        return downstream

    assert gradcheck.check_gradients(network, batch=batch, rng=0)
    culprit.backward = backward  # type: ignore[method-assign]
    report = gradcheck.check_gradients(network, batch=batch, rng=0)
    assert report.verdict is Verdict.FAIL
    assert {name.split(".")[1] for name, block in report.blocks.items() if block.verdict is Verdict.FAIL} == {"0"}


@pytest.mark.parametrize("layer", [kind for kind in (*LAYERS, *ACTIVATIONS) if kind != "Embedding"])
def test_no_mistake_in_what_a_layer_passes_down_is_invisible(layer: str) -> None:
    """The first layer's gradients are [X 1]ᵀ·δ: they show every error of δ if the rows of [X 1] are independent."""
    _, (X, _) = example(layer, "Huber", seed=0)
    assert np.linalg.matrix_rank(np.column_stack([X, np.ones(len(X))])) == len(X)


def test_the_same_seed_gives_the_same_cell_in_any_table() -> None:
    alone = pairs(["GRU"], ["Huber"], rng=5).cells[0]
    among = next(
        cell
        for cell in pairs(["LSTM", "GRU"], ["Huber", "Hinge"], rng=5).cells
        if cell.loss == "Huber" and cell.layer == "GRU"
    )
    assert alone == among


def test_progress_is_told() -> None:
    told: list[tuple[int, int, str]] = []
    pairs(["Dense"], ["Huber", "Hinge"], rng=0, progress=lambda *news: told.append(news))
    assert told == [(1, 2, "Dense with Huber"), (2, 2, "Dense with Hinge")]


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


def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["pairs", *arguments])


def test_command_prints_the_table() -> None:
    result = run("--layer", "dense", "--layer", "Tanh", "--loss", "Huber", "--loss", "CrossEntropy")
    assert result.exit_code == 0
    assert "✓" in result.stdout
    assert "3 cells pass, 0 fail, 0 undecided, 1 make no sense" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 110


def test_command_prints_json() -> None:
    result = run("--layer", "Tanh", "--loss", "Huber", "--loss", "CrossEntropy", "--format", "json", "--seed", "3")
    found = json.loads(result.stdout)
    assert (found["verdict"], found["seed"]) == ("pass", 3)
    assert [cell["verdict"] for cell in found["cells"]] == ["pass", "not applicable"]
    assert found["cells"][0]["error_bar"] < 1e-6


def test_command_tells_a_wrong_layer_by_its_exit_status(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Sigmoid.derivative
    monkeypatch.setattr(Sigmoid, "derivative", lambda self, z: right(self, z) ** 2)
    assert run("--layer", "Sigmoid", "--loss", "Huber").exit_code == 1


def test_command_refuses_unknown_names() -> None:
    result = run("--layer", "Sigmoyd")
    assert result.exit_code == 2
    assert "did you mean 'Sigmoid'" in result.stderr


def test_plain_checks_load_no_networks() -> None:
    import subprocess

    code = (
        "import sys, gradcheck; gradcheck.check_gradients(lambda x: x * x, lambda x: 2 * x, 1.0); print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not [name for name in loaded if name.startswith("gradcheck.nn")]
    assert np.__name__ in loaded
