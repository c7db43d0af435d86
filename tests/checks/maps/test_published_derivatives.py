"""Derivatives that SciPy, scikit-learn and statsmodels publish: right ones pass, and one wrong entry is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.optimize as optimize
import scipy.sparse as sparse
import scipy.special as special
from scipy.interpolate import CubicSpline, RectBivariateSpline

from gradcheck import check_gradients, check_hessian, check_jacobian, check_jvp
from gradcheck.reports.report import Report

Change = Callable[[Any], Any]
Check = Callable[[Change], Report]

RNG = np.random.default_rng(7)
X = RNG.normal(size=6)
POSITIVE = np.abs(RNG.normal(size=5)) + 0.5
SPLINE = CubicSpline(np.arange(10.0), RNG.normal(size=10))
SURFACE = RectBivariateSpline(np.arange(8.0), np.arange(8.0), RNG.normal(size=(8, 8)))
COEFFICIENTS = RNG.normal(size=7)
MATRIX = RNG.normal(size=(3, 3)) + 3 * np.eye(3)
AT = np.array([1.3, 4.7, 8.1])


def right(found: Any) -> Any:
    return found


def one_entry(found: Any) -> Any:
    """The largest entry is off by a tenth."""
    if sparse.issparse(found):
        matrix: Any = found
        changed = matrix.tocsr().astype(float)
        changed.data[np.argmax(np.abs(changed.data))] *= 1.1
        return changed
    array = np.array(found, dtype=float)
    array[np.unravel_index(np.argmax(np.abs(array)), array.shape)] *= 1.1
    return array


def of_gradient(fun: Any, grad: Any, x0: Any) -> Check:
    return lambda change: check_gradients(fun, lambda x: change(grad(x)), x0, rng=1)


def of_jacobian(fun: Any, jac: Any, x0: Any) -> Check:
    return lambda change: check_jacobian(fun, lambda x: change(jac(x)), x0, rng=1)


def of_hessian(grad: Any, hess: Any, x0: Any) -> Check:
    return lambda change: check_hessian(None, grad, lambda x: change(hess(x)), x0, rng=1)


def elementwise(fun: Any, slope: Any, x0: Any) -> Check:
    return of_jacobian(fun, lambda x: np.diag(slope(x)), x0)


def broyden(x: Any) -> Any:
    """As in the documentation of `scipy.optimize.least_squares`."""
    found = (3 - x) * x + 1
    found[1:] -= x[:-1]
    found[:-1] -= 2 * x[1:]
    return found


def broyden_jacobian(x: Any) -> Any:
    ones = np.ones(x.size - 1)
    return sparse.diags([3 - 2 * x, -ones, -2 * ones], [0, -1, 1]).tocsr()


SCIPY: dict[str, Check] = {
    "rosen_der": of_gradient(optimize.rosen, optimize.rosen_der, X),
    "rosen_hess": of_hessian(optimize.rosen_der, optimize.rosen_hess, X),
    "digamma": of_gradient(lambda p: special.gammaln(p).sum(), special.digamma, POSITIVE),
    "polygamma": elementwise(special.digamma, lambda p: special.polygamma(1, p), POSITIVE),
    "softmax": of_gradient(special.logsumexp, special.softmax, X),
    "log_softmax": of_jacobian(special.log_softmax, lambda p: np.eye(6) - special.softmax(p)[None, :], X),
    "huber": of_gradient(lambda r: special.huber(1.0, r).sum(), lambda r: np.clip(r, -1, 1), X),
    "jvp of Bessel": elementwise(lambda p: special.jv(1.5, p), lambda p: special.jvp(1.5, p), POSITIVE),
    "kvp of Bessel": elementwise(lambda p: special.kv(0.5, p), lambda p: special.kvp(0.5, p), POSITIVE),
    "erf": elementwise(special.erf, lambda p: 2 / np.sqrt(np.pi) * np.exp(-(p**2)), POSITIVE),
    "expit": elementwise(special.expit, lambda p: special.expit(p) * special.expit(-p), X),
    "CubicSpline": elementwise(SPLINE, lambda t: SPLINE(t, 1), AT),
    "CubicSpline, second": elementwise(lambda t: SPLINE(t, 1), lambda t: SPLINE(t, 2), AT),
    "RectBivariateSpline": of_gradient(
        lambda p: SURFACE(p[0], p[1])[0, 0],
        lambda p: np.array([SURFACE(p[0], p[1], dx=1)[0, 0], SURFACE(p[0], p[1], dy=1)[0, 0]]),
        np.array([3.3, 4.6]),
    ),
    "chebder": elementwise(
        lambda t: np.polynomial.chebyshev.chebval(t, COEFFICIENTS),
        lambda t: np.polynomial.chebyshev.chebval(t, np.polynomial.chebyshev.chebder(COEFFICIENTS)),
        np.array([-0.5, 0.1, 0.8]),
    ),
    "legvander": of_jacobian(
        lambda c: np.polynomial.legendre.legval(np.linspace(-1, 1, 9), c),
        lambda c: np.polynomial.legendre.legvander(np.linspace(-1, 1, 9), 6),
        COEFFICIENTS,
    ),
    "logdet": of_gradient(lambda m: np.linalg.slogdet(m)[1], lambda m: np.linalg.inv(m).T, MATRIX),
    "broyden, sparse": of_jacobian(broyden, broyden_jacobian, RNG.normal(size=500)),
}


def verify(check: Check, *, alone: bool = True) -> None:
    report = check(right)
    assert report.verdict.value == "pass", str(report)
    report = check(one_entry)
    assert report.verdict.value == "fail", str(report)
    (block,) = report.blocks.values()
    wrong = sorted((entry for entry in block.entries if entry.wrong), key=lambda entry: -abs(entry.gap))
    assert len(wrong) == 1 or not alone, str(report)
    assert wrong[0].claimed == pytest.approx(1.1 * wrong[0].numeric, rel=1e-3)


@pytest.mark.parametrize("name", SCIPY)
def test_of_scipy(name: str) -> None:
    verify(SCIPY[name])


def test_the_derivative_of_the_matrix_exponential() -> None:
    def jvp(x: Any, v: Any) -> Any:
        return scipy.linalg.expm_frechet(x, v, compute_expm=False)

    assert check_jvp(scipy.linalg.expm, jvp, MATRIX / 3, rng=1).verdict.value == "pass"
    report = check_jvp(scipy.linalg.expm, lambda x, v: -jvp(x, v), MATRIX / 3, rng=1)
    assert [finding.slug for finding in report.findings] == ["sign-flipped"]


KERNELS = ("RBF", "Matern", "RationalQuadratic", "ExpSineSquared", "DotProduct", "sum", "product", "Exponentiation")


@pytest.mark.parametrize("name", [*KERNELS, "PairwiseKernel"])
def test_kernels_of_scikit_learn(name: str) -> None:
    """That of a pairwise kernel is itself computed by differences."""
    kernels: Any = pytest.importorskip("sklearn.gaussian_process.kernels")
    made: dict[str, Any] = {
        "RBF": lambda: kernels.RBF([1.0, 2.0]),
        "Matern": lambda: kernels.Matern([1.0, 0.7], nu=2.5),
        "RationalQuadratic": lambda: kernels.RationalQuadratic(1.1, 0.7),
        "ExpSineSquared": lambda: kernels.ExpSineSquared(1.2, 2.3),
        "DotProduct": lambda: kernels.DotProduct(1.4),
        "sum": lambda: kernels.WhiteKernel(0.3) + kernels.RBF(1.0),
        "product": lambda: kernels.ConstantKernel(2.0) * kernels.RBF(1.0) * kernels.DotProduct(0.5),
        "Exponentiation": lambda: kernels.Exponentiation(kernels.RBF(1.3), 2),
        "PairwiseKernel": lambda: kernels.PairwiseKernel(gamma=0.7, metric="rbf"),
    }
    kernel, points = made[name](), np.random.default_rng(2).normal(size=(6, 2))
    verify(
        of_jacobian(
            lambda t: kernel.clone_with_theta(t)(points),
            lambda t: kernel.clone_with_theta(t)(points, eval_gradient=True)[1],
            kernel.theta + 0.1,
        ),
        alone=name != "PairwiseKernel",  # small entries are off by a visible part of themselves
    )


LOSSES = (
    "HalfSquaredError",
    "HalfPoissonLoss",
    "HalfGammaLoss",
    "HalfBinomialLoss",
    "ExponentialLoss",
    "AbsoluteError",
)


@pytest.mark.parametrize("name", LOSSES)
def test_losses_of_scikit_learn(name: str) -> None:
    losses: Any = pytest.importorskip("sklearn._loss.loss")
    loss, rng = getattr(losses, name)(), np.random.default_rng(3)
    target, raw = np.abs(rng.normal(size=12)) + 0.2, rng.normal(size=12)
    if name in ("HalfBinomialLoss", "ExponentialLoss"):
        target = (target > 0.8).astype(float)
    verify(of_gradient(lambda r: float(loss.loss(target, r).sum()), lambda r: loss.gradient(target, r), raw))
    if name != "AbsoluteError":
        hessian = of_jacobian(
            lambda r: loss.gradient(target, r), lambda r: sparse.diags(loss.gradient_hessian(target, r)[1]), raw
        )
        verify(hessian)


MODELS = ("Logit", "Probit", "Poisson", "GeneralizedPoisson")


def statsmodels_model(name: str) -> tuple[Any, Any]:
    discrete: Any = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(4)
    x = discrete.add_constant(rng.normal(size=(50, 3)))
    rate = np.exp(0.3 * x @ rng.normal(size=4))
    y = (rate > rng.uniform(0, 2, 50)).astype(float) if name in ("Logit", "Probit") else rng.poisson(rate)
    parameters = 0.3 * rng.normal(size=4)
    if name == "GeneralizedPoisson":
        parameters = np.append(parameters, 0.5)
    return getattr(discrete, name)(y, x), parameters


@pytest.mark.parametrize("name", MODELS)
def test_scores_and_hessians_of_statsmodels(name: str) -> None:
    model, parameters = statsmodels_model(name)
    assert check_gradients(lambda p: float(model.loglike(p)), model.score, parameters, rng=1).verdict.value == "pass"
    verify(of_hessian(model.score, model.hessian, parameters))
    verify(of_jacobian(model.loglikeobs, model.score_obs, parameters))


def test_a_mixed_block_that_is_missing_in_statsmodels() -> None:
    """`ZeroInflatedPoisson.hessian` has zeros where the two parts of the model meet, and its score has none."""
    discrete: Any = pytest.importorskip("statsmodels.api")
    poisson, parameters = statsmodels_model("Poisson")
    model = discrete.ZeroInflatedPoisson(poisson.endog, poisson.exog)
    at = np.append(0.2, parameters)
    assert check_gradients(lambda p: float(model.loglike(p)), model.score, at, rng=1).verdict.value == "pass"
    report = check_hessian(None, model.score, model.hessian, at, rng=1)
    if np.any(model.hessian(at)[0, 1:]):
        pytest.skip("this version computes it")
    assert [finding.slug for finding in report.findings] == ["missing-block"]
