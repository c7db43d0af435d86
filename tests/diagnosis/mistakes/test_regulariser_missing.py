"""GC402: a penalty in the loss alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import check_gradients
from tests.diagnosis.mistakes.cases import slugs

SLUG = "regulariser-missing"

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
    "squares": lambda: penalised(squares(0.3), none),
    "absolute values": lambda: penalised(absolute(0.3), none),
    "weak": lambda: penalised(squares(0.01), none),
    "part of it": lambda: penalised(squares(0.3), squares(0.1)),
}

SILENT = {
    "in both": lambda: penalised(squares(0.3), squares(0.3)),
    "in neither": lambda: penalised(none, none),
    "in the gradient alone": lambda: penalised(none, squares(0.3)),
    "another power": lambda: penalised(fourth, none),
    "one for the other": lambda: penalised(squares(0.3), absolute(0.3)),
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
    (finding,) = penalised(squares(0.3), none).findings
    assert (finding.where, finding.slug) == ("w", SLUG)
    assert "λ w with λ = 0.3" in finding.message
