"""Extreme curvatures of quadratic functions with a known Hessian."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.subjects.convert import as_subject
from gradcheck.training.doctor.build_run import build_run, rule_from_options
from gradcheck.training.doctor.curvature import extreme_curvatures, hessian_product
from gradcheck.training.doctor.run import TrainingRun


def quadratic(hessian: np.ndarray, start: np.ndarray) -> TrainingRun:
    subject = as_subject(lambda x: float(0.5 * x @ hessian @ x), lambda x: hessian @ x, start)
    return build_run(subject, rule_from_options(0.1, None), None)


@pytest.mark.parametrize("n", [3, 40, 150])
def test_curvatures_are_the_ends_of_the_spectrum(n: int) -> None:
    rng = np.random.default_rng(n)
    values = np.concatenate([[-3.0], rng.uniform(0, 1, n - 2), [7.0]])
    basis = np.linalg.qr(rng.standard_normal((n, n)))[0]
    hessian = basis @ np.diag(values) @ basis.T
    run = quadratic(hessian, rng.standard_normal(n))
    found = extreme_curvatures(run, run.start, rng)
    assert found is not None
    assert found.lowest == pytest.approx(-3.0, abs=1e-5)
    assert found.highest == pytest.approx(7.0, abs=1e-5)
    assert abs(found.down @ basis[:, 0]) == pytest.approx(1.0, abs=1e-4)
    gradient = hessian @ run.start
    assert found.along_gradient == pytest.approx(gradient @ hessian @ gradient / (gradient @ gradient), rel=1e-5)


def test_with_too_few_products_the_error_covers_the_nearest_eigenvalue() -> None:
    scales = np.linspace(-1, 1, 400)
    subject = as_subject(lambda x: float(0.5 * np.sum(scales * x**2)), lambda x: scales * x, np.ones(400))
    run = build_run(subject, rule_from_options(0.1, None), None)
    found = extreme_curvatures(run, run.start, np.random.default_rng(0), products=10)
    assert found is not None
    assert -1 <= found.lowest < 0
    assert found.errors[0] > 1e-3
    assert np.abs(scales - found.lowest).min() <= found.errors[0]


def test_a_gradient_that_is_not_finite_nearby_gives_no_curvature() -> None:
    def gradient(x: np.ndarray) -> np.ndarray:
        return 2 * x if np.array_equal(x, np.ones(2)) else np.full_like(x, np.nan)

    run = build_run(as_subject(lambda x: float(x @ x), gradient, np.ones(2)), rule_from_options(0.1, None), None)
    assert extreme_curvatures(run, run.start, np.random.default_rng(0)) is None


def test_a_hessian_product_is_exact_for_a_quadratic() -> None:
    hessian = np.array([[2.0, 1.0], [1.0, -3.0]])
    run = quadratic(hessian, np.array([0.3, -0.7]))
    np.testing.assert_allclose(hessian_product(run, run.start, np.array([0.6, 0.8])), hessian @ [0.6, 0.8], rtol=1e-9)
