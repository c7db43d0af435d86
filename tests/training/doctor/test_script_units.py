"""Hidden units of a script are found by data flow."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import gradcheck
from gradcheck.training.doctor.run import TrainingRun

SCRIPT = """
import numpy as np

rng = np.random.RandomState(0)
X, y = rng.randn(12, 3), rng.randn(12, 1)
V, U = rng.randn(3, 4), rng.randn(4, 1)
for step in range(50):
    {forward}
    error = H @ U - y
    loss = np.mean(error**2)
    dU = 2 * H.T @ error / len(X)
    dH = 2 * error @ U.T / len(X)
    dV = X.T @ ({backward})
    V -= 0.01 * dV
    U -= 0.01 * dU
"""


def run_of(tmp_path: Path, forward: str, backward: str) -> TrainingRun:
    from gradcheck.scripts.hints import Hints
    from gradcheck.training.doctor.script import _build_run

    path = tmp_path / "train.py"
    path.write_text(SCRIPT.format(forward=forward, backward=backward), encoding="utf-8")
    assert gradcheck.doctor(path, rng=0, budget=0).verdict.value == "pass"
    return _build_run(path, Hints(), 0, None)


def test_outputs_and_slopes_of_tanh_units(tmp_path: Path) -> None:
    run = run_of(tmp_path, "Z = X @ V; H = np.tanh(Z)", "dH * (1 - H**2)")
    assert [block.name for block in run.subject.blocks] == ["V", "U"]
    assert run.hidden_layers is not None
    (layer,) = run.hidden_layers(run.start)
    draws = np.random.RandomState(0)  # as the script draws
    X, _, V = draws.randn(12, 3), draws.randn(12, 1), draws.randn(3, 4)
    assert layer.name == "H"
    np.testing.assert_allclose(layer.outputs, np.tanh(X @ V))
    assert layer.slopes is not None
    np.testing.assert_allclose(layer.slopes, 1 - np.tanh(X @ V) ** 2, atol=1e-8)
    assert not layer.has_flat_side


def test_relu_units_have_a_flat_side(tmp_path: Path) -> None:
    run = run_of(tmp_path, "Z = X @ V; H = np.maximum(Z, 0)", "dH * (Z > 0)")
    assert run.hidden_layers is not None
    (layer,) = run.hidden_layers(run.start)
    assert layer.has_flat_side


def test_a_function_across_units_has_no_slopes(tmp_path: Path) -> None:
    run = run_of(tmp_path, "Z = X @ V; H = Z - Z.mean(axis=1, keepdims=True)", "dH - dH.mean(axis=1, keepdims=True)")
    assert run.hidden_layers is not None
    assert [layer.slopes for layer in run.hidden_layers(run.start)] == [None]
