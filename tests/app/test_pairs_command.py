"""The command `gradcheck pairs`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from gradcheck.app.cli import main
from gradcheck.nn import Sigmoid


def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["pairs", *arguments])


def test_it_prints_the_table() -> None:
    result = run("--layer", "dense", "--layer", "Tanh", "--loss", "Huber", "--loss", "CrossEntropy")
    assert result.exit_code == 0
    assert "✓" in result.stdout
    assert "3 cells pass, 0 fail, 0 undecided, 1 not applicable" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 110


def test_it_prints_json() -> None:
    result = run("--layer", "Tanh", "--loss", "Huber", "--loss", "CrossEntropy", "--format", "json", "--seed", "3")
    found = json.loads(result.stdout)
    assert (found["verdict"], found["seed"]) == ("pass", 3)
    assert [cell["verdict"] for cell in found["cells"]] == ["pass", "not applicable"]
    assert found["cells"][0]["error_bar"] < 1e-6


def test_a_wrong_layer_gives_exit_status_one(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Sigmoid.derivative
    monkeypatch.setattr(Sigmoid, "derivative", lambda self, z: right(self, z) ** 2)
    assert run("--layer", "Sigmoid", "--loss", "Huber").exit_code == 1


def test_unknown_names_give_exit_status_two() -> None:
    result = run("--layer", "Sigmoyd")
    assert result.exit_code == 2
    assert "did you mean 'Sigmoid'" in result.stderr
