"""A suite of ten lines, as in a user's project: it finds a mistake, shrinks the example and names the layer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.fuzzing import outcome
from tests.strategies.library import LAYERS
from tests.strategies.wrong_layers import mistakes_in

SUITE = """
import gradcheck
from hypothesis import given, settings
from gradcheck.strategies import networks
from mylayers import LAYERS

@settings(max_examples=20)
@given(networks(layers=LAYERS))
def test_layers(network):
    gradcheck.assert_gradients(network, batch=network.batch, rng=0)
"""

BY_NAME = {kind.__name__: kind for kind in LAYERS}


@pytest.mark.parametrize(("layer", "mistake"), [("Residual", "typical")])
def test_a_mistake_is_found_placed_and_shrunk(layer: str, mistake: str) -> None:
    found = outcome(BY_NAME[layer], mistake, mistakes_in(BY_NAME[layer])[mistake], 0)
    assert found.found
    assert found.located
    assert found.layers <= 2
    assert found.width <= 2


def test_every_layer_has_mistakes() -> None:
    assert len(LAYERS) == 20
    assert all(len(mistakes_in(kind)) >= 6 for kind in LAYERS)


def test_a_failure_prints_what_can_be_pasted(tmp_path: Path) -> None:
    (tmp_path / "mylayers.py").write_text(
        "import numpy as np\n\nclass Half:\n    def forward(self, x):\n        return x / 2\n"
        "    def backward(self, upstream):\n        return upstream\n\nLAYERS = [Half]\n"
    )
    (tmp_path / "test_layers.py").write_text(SUITE)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_layers.py"]
    output = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    (line,) = {line.strip("E ") for line in output.splitlines() if line.strip("E ").startswith("@example(")}
    pasted = SUITE.replace("@settings(max_examples=20)", f"@settings(phases=[Phase.explicit])\n{line}")
    names = ("hypothesis import Phase, example", "gradcheck.strategies import DrawnNetwork", "mylayers import Half")
    pasted = "".join(f"from {name}\n" for name in names) + pasted
    (tmp_path / "test_layers.py").write_text(pasted)
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    assert "1 failed" in again
    assert "GC102 constant-factor" in again
