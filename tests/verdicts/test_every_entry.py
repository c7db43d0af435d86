"""With `entries=True` each entry is measured: one that is wrong is no longer hidden by larger ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck

A = np.array(
    [
        [1.10, 1.13, 0.25, 0.43],
        [-0.22, 0.56, 0.12, -0.67],
        [-0.44, 0.15, -1.35, -0.25],
        [-0.59, -0.68, -0.41, 0.36],
        [0.12, 0.16, 0.25, 0.007],
    ]
)
X = np.linspace(0.5, 2, 4)


def jacobian(factor: float) -> Any:
    found = A.copy()
    found[1, 2] *= factor
    return found.astype(np.float16)


HALF = X.astype(np.float16)


def product(x: Any) -> Any:
    return A @ x.astype(float)


def pulled(factor: float, u: Any) -> Any:
    return (jacobian(factor).astype(float).T @ u).astype(np.float16)


CHECKS: dict[str, Any] = {
    "jacobian": lambda k, **options: gradcheck.check_jacobian(product, lambda x: jacobian(k), HALF, **options),
    "vjp": lambda k, **options: gradcheck.check_vjp(product, lambda x, u: pulled(k, u), HALF, **options),
}


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_a_small_wrong_entry_in_half_precision_passes_only_where_the_resolution_says_so(check: Any) -> None:
    """Doubled, it is off by 0.12 where others are 1.3, of which the tolerance for half precision leaves 0.2."""
    for seed in range(4):
        coarse = check(2.0, rng=seed)
        assert not coarse or coarse.blocks["x"].resolution is None  # an entry may be off by all of its size
        close = check(2.0, rng=seed, entries=True)
        assert close.verdict.value == "fail"
        assert [entry.index for entry in close.blocks["x"].entries if entry.wrong] == [(1, 2)]
        assert close.findings[0].slug == "isolated-entries"


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_a_right_one_in_half_precision_passes_entry_by_entry(check: Any) -> None:
    for seed in range(4):
        report = check(1.0, rng=seed, entries=True)
        assert report.verdict.value == "pass"
        assert len(report.blocks["x"].entries) == 20


def test_what_a_kink_excuses_is_not_judged_by_entries() -> None:
    """At 0 any slope from 0 to 1 is a subgradient of max(x, 0); differences show a half."""
    for claim in (0.0, 0.25, 1.0):
        report = gradcheck.check_gradients(
            lambda x: float(np.maximum(x, 0).sum()),
            lambda x, c=claim: np.where(x == 0, c, (x > 0).astype(float)),
            np.zeros(3),
            rng=0,
            entries=True,
        )
        assert report, claim


def test_what_a_stated_accuracy_excuses_is_not_judged_by_entries() -> None:
    """The loss is off by a smooth error of 1e-4 of itself, which is allowed."""
    points = np.linspace(0.5, 2, 6)
    report = gradcheck.check_gradients(
        lambda x: float(np.sum(x**2) * (1 + 1e-4)), lambda x: 2 * x, points, rng=0, entries=True, loss_accuracy=1e-3
    )
    assert report
