"""One recorded iteration: exact gradients, updates left out, and the state put back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gradcheck.scripts.record.recorded_step import record_step
from tests.scripts.planted import analysed
from tests.scripts.samples import LINEAR, LINEAR_HEAD, TWO_LAYERS

#: The loss is computed with the new parameter.
AFTER_UPDATE = LINEAR_HEAD + (
    "for i in range(100):\n    g = x.T @ (x @ w - y)\n    w -= 0.1 * g\n    loss = 0.5 * np.sum((x @ w - y)**2)\n"
)


def test_the_recorded_gradients_are_those_of_the_formula(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, LINEAR)
    recorded = record_step(analysis, analysis.base)
    assert recorded is not None
    scope = analysis.step.scope
    x, y, w = scope["x"], scope["y"], scope["w"]
    np.testing.assert_allclose(recorded.gradients[0], x.T @ (x @ w - y), rtol=1e-12)


@pytest.mark.parametrize("text", [TWO_LAYERS, LINEAR, AFTER_UPDATE])
def test_claims_of_a_right_program_are_its_exact_gradients_at_each_point(text: str, tmp_path: Path) -> None:
    analysis = analysed(tmp_path, text)
    for base in analysis.bases:
        recorded = record_step(analysis, base)
        assert recorded is not None
        recording = recorded.recording
        for claim, truth in zip(recording.claims, recording.truths, strict=True):
            assert claim is not None
            assert recording.is_equal(truth, recording.graph.values[claim].array)
    analysis.step.release()


def test_the_program_is_as_it_was(tmp_path: Path) -> None:
    analysis = analysed(tmp_path, TWO_LAYERS)
    before = {name: np.array(analysis.step.scope[name]) for name in ("W1", "b1", "W2", "x", "y")}
    record_step(analysis, analysis.bases[-1])
    for name, array in before.items():
        assert np.array_equal(analysis.step.scope[name], array)
