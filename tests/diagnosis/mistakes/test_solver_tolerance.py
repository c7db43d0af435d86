"""GC506 is named for a gap that a solver's tolerance may make; a mistake that explains it goes first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import Report
from tests.cases import Array
from tests.solved import CASES, diffusion, twisted

SLUG = "solver-tolerance"


def codes(report: Report) -> list[str]:
    return [finding.code for finding in report.findings]


@pytest.mark.parametrize(("method", "seed"), CASES)
def test_it_is_named_and_undecided(method: str, seed: int) -> None:
    report = gradcheck.check_gradients(*diffusion(method, seed), rng=seed)
    assert report.verdict.value == "undecided"
    (finding,) = report.findings
    assert (finding.code, finding.slug) == ("GC506", SLUG)
    assert "loss_accuracy" in finding.fix


@pytest.mark.parametrize(("method", "seed"), CASES)
@pytest.mark.parametrize(("factor", "code"), [(-1.0, "GC101"), (0.5, "GC102")])
def test_a_factor_is_named_beside_the_tolerance_of_a_solver(factor: float, code: str, method: str, seed: int) -> None:
    loss, gradient, m = diffusion(method, seed)
    report = gradcheck.check_gradients(loss, lambda m: factor * gradient(m), m, rng=seed)
    assert report.verdict.value == "fail"
    assert codes(report) == [code]


@pytest.mark.parametrize(("method", "seed"), CASES)
@pytest.mark.parametrize("factor", [0.8, 1.2])
def test_one_wrong_entry_is_named_beside_the_tolerance_of_a_solver(factor: float, method: str, seed: int) -> None:
    loss, gradient, m = diffusion(method, seed)
    index = int(np.argmax(np.abs(gradient(m))))
    report = gradcheck.check_gradients(loss, twisted(gradient, index, factor), m, rng=seed)
    assert report.verdict.value == "fail"
    (finding,) = report.findings
    assert finding.code == "GC505"
    assert f"[{index}]" in finding.where + finding.message + finding.evidence


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("size", [4, 20, 100])
@pytest.mark.parametrize("part", [1e-3, 8e-3])
def test_a_penalty_that_was_forgotten_is_named_however_small_it_is(part: float, size: int, seed: int) -> None:
    """Ridge regression, whose penalty has a gradient of less than one percent of that of the squared error."""
    rng = np.random.default_rng(seed)
    inputs, targets = rng.standard_normal((3 * size, size)), rng.standard_normal(3 * size)
    w0 = rng.standard_normal(size)

    def plain(w: Array) -> Array:
        return np.asarray(inputs.T @ (inputs @ w - targets)) / len(targets)

    strength = part * float(np.linalg.norm(plain(w0)) / np.linalg.norm(w0))

    def loss(w: Array) -> float:
        return 0.5 * float(np.mean((inputs @ w - targets) ** 2)) + 0.5 * strength * float(w @ w)

    report = gradcheck.check_gradients(loss, plain, w0, rng=seed)
    assert report.verdict.value == "fail"
    assert codes(report) == ["GC402"]
    assert gradcheck.check_gradients(loss, lambda w: plain(w) + strength * w, w0, rng=seed)


#: Gaps that no solver makes: a loss that is exact, and mistakes that are of the size of the gradient.
SILENT: dict[str, Callable[[Array], Any]] = {
    "twice": lambda x: 2 * np.sinh(x),
    "wrong function": np.cosh,
    "half of the entries": lambda x: np.where(np.arange(x.size) % 2, 1.5, 1.0) * np.sinh(x),
    "zero": np.zeros_like,
    "right": np.sinh,
}


@pytest.mark.parametrize("claim", SILENT.values(), ids=SILENT)
def test_it_is_not_named_for_other_gaps(claim: Callable[[Array], Any]) -> None:
    x0 = np.random.default_rng(0).uniform(0.3, 1.5, 12)
    report = gradcheck.check_gradients(lambda x: float(np.cosh(x).sum()), claim, x0, rng=0)
    assert report.verdict.value == ("pass" if claim is np.sinh else "fail")
    assert "GC506" not in codes(report)
