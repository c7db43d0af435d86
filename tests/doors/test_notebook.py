"""A scientist in a notebook: a function, a cell with a training loop, and the notebook from a shell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.doors.sessions import blocks, commands, typed


def test_the_cells_run_in_ipython() -> None:
    testing = pytest.importorskip("IPython.testing.globalipapp")
    shell: Any = testing.start_ipython() or testing.get_ipython()
    (function,) = blocks("notebook", "python")
    load, loop = (text for text in blocks("notebook", "text") if text.startswith("%"))
    report = shell.run_cell(function).result
    assert report.verdict.value == "pass"
    assert "<table>" in report._repr_html_()
    assert shell.run_cell(load).success
    w = np.array([0.5, -0.5])
    shell.push({"X": np.random.default_rng(0).normal(size=(9, 2)), "y": np.ones(9), "w": w})
    assert shell.run_cell(loop).result.verdict.value == "pass"
    assert shell.user_ns["w"] is w
    assert shell.run_cell(loop.replace("dw = 2", "dw = -2")).result.verdict.value == "fail"


def test_a_notebook_is_checked_from_a_shell(tmp_path: Path) -> None:
    loop = blocks("notebook", "text")[1].replace("%%gradcheck\n", "")
    cells = ["import numpy as np\nX = np.ones((4, 2)) + np.eye(4, 2)\ny = np.ones(4)\nw = np.zeros(2)", loop]
    notebook = {
        "cells": [
            {"cell_type": "code", "source": text, "metadata": {}, "outputs": [], "execution_count": None}
            for text in cells
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path = tmp_path / "notebook.ipynb"
    path.write_text(json.dumps(notebook))
    (command,) = commands("notebook")
    assert typed(command, tmp_path).returncode == 0
    path.write_text(path.read_text().replace("2 * X.T", "3 * X.T"))
    wrong = typed(f"{command} --format concise", tmp_path)
    assert wrong.returncode == 1
    assert wrong.stdout.startswith("notebook.ipynb:1:1: GC")
