"""Maps and products that differ from call to call: no right one is called wrong, and what differs is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import check_adjoint, check_hessian, check_jacobian, check_jvp, check_vjp
from tests.checks.maps.maps import slugs

POINT = np.linspace(0.1, 1, 6)


class Random:
    """tanh with half of its outputs dropped, others at each call, and products that drop half as well."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)

    def dropped(self, y: Any) -> Any:
        return y * (self.rng.random(y.shape) < 0.5)

    def fun(self, x: Any) -> Any:
        return self.dropped(np.tanh(x))

    def product(self, x: Any, v: Any) -> Any:
        return self.dropped(v * (1 - np.tanh(x) ** 2))


@pytest.mark.parametrize("check", [check_vjp, check_jvp])
@pytest.mark.parametrize("seed", range(4))
def test_a_random_map_is_undecided(check: Any, seed: int) -> None:
    random = Random()
    report = check(random.fun, random.product, POINT, rng=seed)
    assert report.verdict.value == "undecided"
    assert slugs(report) == ["nondeterministic"]


@pytest.mark.parametrize("seed", range(4))
def test_a_random_jacobian_of_a_random_map_is_not_called_wrong(seed: int) -> None:
    random = Random()
    report = check_jacobian(random.fun, lambda x: np.diag(random.product(x, np.ones(6))), POINT, rng=seed)
    assert report.verdict.value == "undecided"


@pytest.mark.parametrize("check", [check_vjp, check_jvp])
def test_a_random_product_of_a_map_that_is_not_is_wrong_and_named(check: Any) -> None:
    report = check(np.tanh, Random().product, POINT, rng=0)
    assert report.verdict.value == "fail"
    assert "nondeterministic" in slugs(report)
    assert "not-adjoint" not in slugs(report)


@pytest.mark.parametrize("seed", range(4))
def test_random_adjoints(seed: int) -> None:
    random, matrix = Random(), np.random.default_rng(1).normal(size=(4, 6))
    report = check_adjoint(
        lambda x: random.dropped(matrix @ x), lambda y: matrix.T @ random.dropped(y), (6,), (4,), rng=seed
    )
    assert report.verdict.value == "undecided"
    assert slugs(report) == ["nondeterministic"]


def test_a_random_hessian_is_no_asymmetric_one() -> None:
    random = Random()
    report = check_hessian(lambda x: float(np.sum(np.log(np.cosh(x)))), np.tanh, x0=POINT, hessp=random.product, rng=0)
    assert report.verdict.value == "fail"
    assert "asymmetric-hessian" not in slugs(report)


def test_what_is_the_same_at_each_call_is_judged_as_before() -> None:
    report = check_vjp(np.tanh, lambda x, u: u * (1 - np.tanh(x) ** 2) * np.abs(u).max(), POINT, rng=0)
    assert report.verdict.value == "fail"
    assert "not-adjoint" in slugs(report)
    report = check_adjoint(np.cumsum, np.cumsum, (5,), (5,), rng=0)
    assert report.verdict.value == "fail"
    assert "nondeterministic" not in slugs(report)
