"""GC403: a penalty in the gradient alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import check_gradients
from tests.diagnosis.mistakes.cases import slugs

SLUG = "regulariser-extra"

W = {"w": np.random.default_rng(0).normal(size=(4, 3)), "v": np.random.default_rng(1).normal(size=5)}


def penalised(in_loss: Any, in_gradient: Any) -> Any:
    """Check a sum with one penalty in the loss and another in the gradient, on w alone."""

    def loss(p: Any) -> float:
        return float(np.sum(np.sin(2 * p["w"])) + np.sum(np.exp(p["v"])) + in_loss(p["w"])[0])

    def gradient(p: Any) -> Any:
        return {"w": 2 * np.cos(2 * p["w"]) + in_gradient(p["w"])[1], "v": np.exp(p["v"])}

    return check_gradients(loss, gradient, W, rng=0)


def none(w: Any) -> Any:
    return 0.0, np.zeros_like(w)


def squares(strength: float) -> Any:
    return lambda w: (strength / 2 * float((w * w).sum()), strength * w)


def absolute(strength: float) -> Any:
    return lambda w: (strength * float(np.abs(w).sum()), strength * np.sign(w))


def fourth(w: Any) -> Any:
    return float((w**4).sum()), 4 * w**3


HITS = {
    "squares": lambda: penalised(none, squares(0.3)),
    "absolute values": lambda: penalised(none, absolute(0.3)),
    "too much of it": lambda: penalised(squares(0.1), squares(0.3)),
}

SILENT = {
    "in both": lambda: penalised(absolute(0.3), absolute(0.3)),
    "in the loss alone": lambda: penalised(squares(0.3), none),
    "another power": lambda: penalised(none, fourth),
    "strength zero": lambda: penalised(none, squares(0.0)),
}


@pytest.mark.parametrize("spoil", HITS.values(), ids=HITS)
def test_it_is_named(spoil: Any) -> None:
    report = spoil()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("spoil", SILENT.values(), ids=SILENT)
def test_a_near_miss_is_not(spoil: Any) -> None:
    assert SLUG not in slugs(spoil())


def test_its_strength_is_given() -> None:
    (finding,) = penalised(none, squares(0.3)).findings
    assert (finding.where, finding.slug) == ("w", SLUG)
    assert "λ w with λ = 0.3" in finding.message
