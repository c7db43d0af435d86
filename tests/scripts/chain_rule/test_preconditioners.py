"""Gradients behind updates that clip or precondition them."""

from __future__ import annotations

from pathlib import Path

from gradcheck.scripts.blame.analysis import Analysis
from gradcheck.scripts.chain_rule.preconditioners import Treatment
from tests.scripts.planted import analysed
from tests.scripts.samples import LINEAR


def with_update(folder: Path, update: str) -> Analysis:
    return analysed(folder, LINEAR.replace("w -= 0.1 * g", update).replace("g = x", "grad = x"))


def test_a_clipped_gradient(tmp_path: Path) -> None:
    found = with_update(tmp_path, "c = grad / max(1.0, np.linalg.norm(grad))\n    w -= 0.1 * c")
    assert [t.treatment for t in found.treated] == [Treatment.SCALED]
    assert found.parameters[0].claim.label == "grad"


def test_a_newton_step(tmp_path: Path) -> None:
    found = with_update(tmp_path, "s = np.linalg.solve(x.T @ x + np.eye(3), grad)\n    w -= 0.1 * s")
    assert [t.treatment for t in found.treated] == [Treatment.PRECONDITIONED]
    assert found.parameters[0].claim.label == "grad"


def test_a_constant_or_an_added_term_is_the_gradients_own_error(tmp_path: Path) -> None:
    for update in ("c = 3.0 * grad\n    w -= 0.1 * c", "c = grad + 1.0\n    w -= 0.1 * c"):
        assert with_update(tmp_path, update).treated == ()
