"""SciPy's special functions; their derivatives are other functions of SciPy, by formulas of the DLMF."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special as s

from benchmarks.strangers.derivative import Arrays, Derivative, Source, shape_of

Function = Callable[..., Any]

#: A function of one argument, its derivative, and the interval that points are drawn from.
ONE: dict[str, tuple[Function, Function, float, float]] = {
    "gammaln": (s.gammaln, s.digamma, 0.05, 30),
    "gamma": (s.gamma, lambda x: s.gamma(x) * s.digamma(x), 0.3, 8),
    "rgamma": (s.rgamma, lambda x: -s.rgamma(x) * s.digamma(x), 0.3, 8),
    "digamma": (s.digamma, lambda x: s.polygamma(1, x), 0.05, 30),
    "polygamma": (lambda x: s.polygamma(2, x), lambda x: s.polygamma(3, x), 0.1, 20),
    "erf": (s.erf, lambda x: 2 / np.sqrt(np.pi) * np.exp(-x * x), -3, 3),
    "erfc": (s.erfc, lambda x: -2 / np.sqrt(np.pi) * np.exp(-x * x), -3, 6),
    "erfcx": (s.erfcx, lambda x: 2 * x * s.erfcx(x) - 2 / np.sqrt(np.pi), -3, 10),
    "erfinv": (s.erfinv, lambda x: np.sqrt(np.pi) / 2 * np.exp(s.erfinv(x) ** 2), -0.999, 0.999),
    "dawsn": (s.dawsn, lambda x: 1 - 2 * x * s.dawsn(x), -4, 4),
    "ndtr": (s.ndtr, lambda x: np.exp(-x * x / 2) / np.sqrt(2 * np.pi), -5, 5),
    "log_ndtr": (s.log_ndtr, lambda x: np.exp(-x * x / 2 - s.log_ndtr(x)) / np.sqrt(2 * np.pi), -20, 6),
    "ndtri": (s.ndtri, lambda p: np.sqrt(2 * np.pi) * np.exp(s.ndtri(p) ** 2 / 2), 0.001, 0.999),
    "expit": (s.expit, lambda x: s.expit(x) * s.expit(-x), -15, 15),
    "log_expit": (s.log_expit, lambda x: s.expit(-x), -30, 30),
    "logit": (s.logit, lambda p: 1 / (p * (1 - p)), 0.001, 0.999),
    "entr": (s.entr, lambda x: -np.log(x) - 1, 0.01, 5),
    "expm1": (s.expm1, np.exp, -3, 3),
    "log1p": (s.log1p, lambda x: 1 / (1 + x), -0.9, 9),
    "exprel": (s.exprel, lambda x: (np.exp(x) - s.exprel(x)) / x, 0.1, 5),
    "exp1": (s.exp1, lambda x: -np.exp(-x) / x, 0.05, 10),
    "expi": (s.expi, lambda x: np.exp(x) / x, 0.1, 8),
    "sici": (lambda x: s.sici(x)[0], lambda x: np.sin(x) / x, 0.1, 20),
    "cosine integral": (lambda x: s.sici(x)[1], lambda x: np.cos(x) / x, 0.1, 20),
    "fresnel": (lambda x: s.fresnel(x)[0], lambda x: np.sin(np.pi * x * x / 2), -4, 4),
    "spence": (s.spence, lambda x: np.log(x) / (1 - x), 0.05, 0.95),
    "j0": (s.j0, lambda x: -s.j1(x), -20, 20),
    "j1": (s.j1, lambda x: s.jvp(1, x), -20, 20),
    "jv": (lambda x: s.jv(2.5, x), lambda x: s.jvp(2.5, x), 0.1, 30),
    "y0": (s.y0, lambda x: -s.y1(x), 0.2, 20),
    "yv": (lambda x: s.yv(1.5, x), lambda x: s.yvp(1.5, x), 0.5, 20),
    "i0": (s.i0, s.i1, -8, 8),
    "iv": (lambda x: s.iv(1.7, x), lambda x: s.ivp(1.7, x), 0.1, 8),
    "kv": (lambda x: s.kv(0.7, x), lambda x: s.kvp(0.7, x), 0.1, 8),
    "k0": (s.k0, lambda x: -s.k1(x), 0.1, 8),
    "i0e": (s.i0e, lambda x: s.i1e(x) - np.sign(x) * s.i0e(x), 0.1, 50),
    "airy": (lambda x: s.airy(x)[0], lambda x: s.airy(x)[1], -10, 5),
    "airy second": (lambda x: s.airy(x)[2], lambda x: s.airy(x)[3], -10, 3),
    "spherical_jn": (lambda x: s.spherical_jn(3, x), lambda x: s.spherical_jn(3, x, derivative=True), 0.2, 20),
    "spherical_kn": (lambda x: s.spherical_kn(2, x), lambda x: s.spherical_kn(2, x, derivative=True), 0.2, 9),
    "ellipk": (s.ellipk, lambda m: (s.ellipe(m) - (1 - m) * s.ellipk(m)) / (2 * m * (1 - m)), 0.05, 0.95),
    "ellipe": (s.ellipe, lambda m: (s.ellipe(m) - s.ellipk(m)) / (2 * m), 0.05, 0.95),
    "lambertw": (lambda x: s.lambertw(x).real, lambda x: 1 / (x + np.exp(s.lambertw(x).real)), -0.3, 20),
    "wrightomega": (s.wrightomega, lambda x: s.wrightomega(x) / (1 + s.wrightomega(x)), -5, 10),
    "zeta": (lambda a: s.zeta(2.5, a), lambda a: -2.5 * s.zeta(3.5, a), 0.2, 10),
    "eval_legendre": (
        lambda x: s.eval_legendre(5, x),
        lambda x: 5 * (x * s.eval_legendre(5, x) - s.eval_legendre(4, x)) / (x * x - 1),
        -0.95,
        0.95,
    ),
    "eval_chebyt": (lambda x: s.eval_chebyt(6, x), lambda x: 6 * s.eval_chebyu(5, x), -1, 1),
    "eval_hermite": (lambda x: s.eval_hermite(5, x), lambda x: 10 * s.eval_hermite(4, x), -3, 3),
    "eval_laguerre": (lambda x: s.eval_laguerre(4, x), lambda x: -s.eval_genlaguerre(3, 1, x), 0, 8),
    "eval_jacobi": (
        lambda x: s.eval_jacobi(4, 0.5, 1.5, x),
        lambda x: 3.5 * s.eval_jacobi(3, 1.5, 2.5, x),
        -0.95,
        0.95,
    ),
    "hyp0f1": (lambda x: s.hyp0f1(1.3, x), lambda x: s.hyp0f1(2.3, x) / 1.3, -5, 5),
    "hyp1f1": (lambda x: s.hyp1f1(0.7, 1.9, x), lambda x: 0.7 / 1.9 * s.hyp1f1(1.7, 2.9, x), -5, 5),
    "hyp2f1": (
        lambda x: s.hyp2f1(0.7, 1.1, 1.9, x),
        lambda x: 0.7 * 1.1 / 1.9 * s.hyp2f1(1.7, 2.1, 2.9, x),
        -0.9,
        0.9,
    ),
    "struve": (
        lambda x: s.struve(1.5, x),
        lambda x: s.struve(0.5, x) - 1.5 / x * s.struve(1.5, x),
        0.2,
        10,
    ),
    "gammainc": (
        lambda x: s.gammainc(2.3, x),
        lambda x: np.exp(1.3 * np.log(x) - x - s.gammaln(2.3)),
        0.05,
        10,
    ),
    "gammaincc": (
        lambda x: s.gammaincc(2.3, x),
        lambda x: -np.exp(1.3 * np.log(x) - x - s.gammaln(2.3)),
        0.05,
        20,
    ),
    "gammaincinv": (
        lambda p: s.gammaincinv(2.3, p),
        lambda p: np.exp(s.gammaln(2.3) + s.gammaincinv(2.3, p) - 1.3 * np.log(s.gammaincinv(2.3, p))),
        0.01,
        0.99,
    ),
    "betainc": (
        lambda x: s.betainc(1.7, 2.6, x),
        lambda x: np.exp(0.7 * np.log(x) + 1.6 * np.log1p(-x) - s.betaln(1.7, 2.6)),
        0.02,
        0.98,
    ),
    "stdtr": (
        lambda t: s.stdtr(4.0, t),
        lambda t: s.gamma(2.5) / (np.sqrt(4 * np.pi) * s.gamma(2)) * (1 + t * t / 4) ** -2.5,
        -5,
        5,
    ),
    "chdtr": (
        lambda x: s.chdtr(3.0, x),
        lambda x: 0.5 * np.exp(0.5 * np.log(x / 2) - x / 2 - s.gammaln(1.5)),
        0.05,
        15,
    ),
    "owens_t": (
        lambda h: s.owens_t(h, 0.7),
        lambda h: -np.exp(-h * h / 2) * s.erf(0.7 * h / np.sqrt(2)) / (2 * np.sqrt(2 * np.pi)),
        -3,
        3,
    ),
    "huber": (lambda r: s.huber(1.0, r), lambda r: np.clip(r, -1, 1), -3, 3),
    "pseudo_huber": (lambda r: s.pseudo_huber(1.0, r), lambda r: r / np.sqrt(1 + r * r), -5, 5),
    "cbrt": (s.cbrt, lambda x: 1 / (3 * s.cbrt(x) ** 2), 0.1, 10),
    "kolmogorov-free exponential": (s.exp10, lambda x: np.log(10) * s.exp10(x), -3, 3),
    "ellipj sn": (
        lambda u: s.ellipj(u, 0.6)[0],
        lambda u: s.ellipj(u, 0.6)[1] * s.ellipj(u, 0.6)[2],
        -4,
        4,
    ),
    "voigt": (
        lambda x: s.voigt_profile(x, 0.8, 0.5),
        lambda x: (
            -(1 / (0.64 * np.sqrt(2 * np.pi) * 0.8))
            * (((x + 0.5j) / 0.8) * s.wofz((x + 0.5j) / (0.8 * np.sqrt(2)))).real
            * 0.8
        ),
        -4,
        4,
    ),
}

#: A function of two arguments and its two derivatives, with an interval for each.
TWO: dict[str, tuple[Function, Function, Function, tuple[float, float], tuple[float, float]]] = {
    "betaln": (
        s.betaln,
        lambda a, b: s.digamma(a) - s.digamma(a + b),
        lambda a, b: s.digamma(b) - s.digamma(a + b),
        (0.1, 20),
        (0.1, 20),
    ),
    "beta": (
        s.beta,
        lambda a, b: s.beta(a, b) * (s.digamma(a) - s.digamma(a + b)),
        lambda a, b: s.beta(a, b) * (s.digamma(b) - s.digamma(a + b)),
        (0.3, 5),
        (0.3, 5),
    ),
    "rel_entr": (s.rel_entr, lambda x, y: np.log(x / y) + 1, lambda x, y: -x / y, (0.1, 3), (0.1, 3)),
    "kl_div": (s.kl_div, lambda x, y: np.log(x / y), lambda x, y: 1 - x / y, (0.1, 3), (0.1, 3)),
    "xlogy": (s.xlogy, lambda x, y: np.log(y), lambda x, y: x / y, (0.1, 3), (0.1, 3)),
    "xlog1py": (s.xlog1py, lambda x, y: np.log1p(y), lambda x, y: x / (1 + y), (0.1, 3), (-0.5, 3)),
    "poch": (
        s.poch,
        lambda z, m: s.poch(z, m) * (s.digamma(z + m) - s.digamma(z)),
        lambda z, m: s.poch(z, m) * s.digamma(z + m),
        (0.5, 4),
        (0.5, 4),
    ),
    "binom": (
        s.binom,
        lambda n, k: s.binom(n, k) * (s.digamma(n + 1) - s.digamma(n - k + 1)),
        lambda n, k: s.binom(n, k) * (s.digamma(n - k + 1) - s.digamma(k + 1)),
        (4, 9),
        (0.5, 3),
    ),
    "ellipkinc": (
        lambda phi, m: s.ellipkinc(phi, m),
        lambda phi, m: 1 / np.sqrt(1 - m * np.sin(phi) ** 2),
        lambda phi, m: (
            s.ellipeinc(phi, m) / (2 * m * (1 - m))
            - s.ellipkinc(phi, m) / (2 * m)
            - np.sin(2 * phi) / (4 * (1 - m) * np.sqrt(1 - m * np.sin(phi) ** 2))
        ),
        (0.2, 1.4),
        (0.1, 0.9),
    ),
    "ellipeinc": (
        s.ellipeinc,
        lambda phi, m: np.sqrt(1 - m * np.sin(phi) ** 2),
        lambda phi, m: (s.ellipeinc(phi, m) - s.ellipkinc(phi, m)) / (2 * m),
        (0.2, 1.4),
        (0.1, 0.9),
    ),
    "elliprf": (
        lambda x, y: s.elliprf(x, y, y + 1.0),
        lambda x, y: -s.elliprd(y, y + 1.0, x) / 6,
        lambda x, y: -s.elliprd(x, y + 1.0, y) / 6 - s.elliprd(x, y, y + 1.0) / 6,
        (0.1, 3),
        (0.1, 3),
    ),
}


def names() -> tuple[str, ...]:
    return (*ONE, *TWO, "logsumexp", "softmax", "log_softmax", "multigammaln", "rosen")


def build(name: str, rng: np.random.Generator) -> Derivative:
    """A weighted sum of the function over a random array, in random units."""
    if name == "rosen":
        return _rosen(rng)
    shape = shape_of(rng)
    if name in TWO:
        function, by_first, by_second, first, second = TWO[name]
        units = 10 ** rng.choice([0.0, 0.0, rng.uniform(-9, 9)], 2)
        x0 = {"a": rng.uniform(*first, shape) * units[0], "b": rng.uniform(*second, shape) * units[1]}
        c = rng.standard_normal(shape)

        def fun(x: Arrays) -> float:
            return float(np.sum(c * function(x["a"] / units[0], x["b"] / units[1])))

        def grad(x: Arrays) -> Arrays:
            a, b = x["a"] / units[0], x["b"] / units[1]
            return {"a": c * by_first(a, b) / units[0], "b": c * by_second(a, b) / units[1]}

        return Derivative(fun, grad, x0)
    if name in ONE:
        value, slope, low, high = ONE[name]
        unit = float(10 ** rng.choice([0.0, 0.0, rng.uniform(-9, 9)]))
        c = rng.standard_normal(shape)
        return Derivative(
            lambda x: float(np.sum(c * value(x["x"] / unit))),
            lambda x: {"x": c * slope(x["x"] / unit) / unit},
            {"x": rng.uniform(low, high, shape) * unit},
        )
    return _along_axis(name, rng, shape)


def _along_axis(name: str, rng: np.random.Generator, shape: tuple[int, ...]) -> Derivative:
    x0 = {"x": rng.standard_normal(shape) * float(10 ** rng.uniform(-1, 1.5))}
    c = rng.standard_normal(shape)
    if name == "logsumexp":
        return Derivative(
            lambda x: float(s.logsumexp(x["x"], b=np.exp(c))),
            lambda x: {"x": s.softmax(x["x"] + c)},
            x0,
        )
    if name == "softmax":
        return Derivative(
            lambda x: float(np.sum(c * s.softmax(x["x"], axis=-1))),
            lambda x: {"x": (p := s.softmax(x["x"], axis=-1)) * (c - np.sum(c * p, axis=-1, keepdims=True))},
            x0,
        )
    if name == "log_softmax":
        return Derivative(
            lambda x: float(np.sum(c * s.log_softmax(x["x"], axis=-1))),
            lambda x: {"x": c - s.softmax(x["x"], axis=-1) * c.sum(-1, keepdims=True)},
            x0,
        )
    return Derivative(
        lambda x: float(s.multigammaln(float(x["a"][0]), 3)),
        lambda x: {"a": s.digamma(x["a"][0] - np.arange(3) / 2).sum(keepdims=True)},
        {"a": rng.uniform(1.5, 20, 1)},
    )


def _rosen(rng: np.random.Generator) -> Derivative:
    from scipy.optimize import rosen, rosen_der

    x0 = {"x": rng.uniform(-2, 2, int(rng.integers(2, 40)))}
    return Derivative(lambda x: float(rosen(x["x"])), lambda x: {"x": rosen_der(x["x"])}, x0)


SOURCE = Source("scipy-special", "packages", ("scipy",), 2 * len(names()), names, build)
