"""GC312 is named for the slope of a map of the parameter, missing or applied too often; not for other factors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.diagnosis.mistakes.mistake import LinearMap, Permutation
from gradcheck.nn.layer import Array
from gradcheck.reports.report import Report
from gradcheck.subjects.convert import as_subject
from tests.diagnosis.mistakes.cases import check_block, check_model, slugs, variants

SLUG = "reparametrised"

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(8, 5)), RNG.normal(size=8)
COUNTS = RNG.uniform(1, 5, size=(4, 4))


def sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


#: Maps and their slopes, from a table of derivatives.
MAPS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "exp": (np.exp, np.exp),
    "square": (np.square, lambda t: 2 * t),
    "sigmoid": (sigmoid, lambda t: sigmoid(t) * (1 - sigmoid(t))),
    "softplus": (lambda t: np.log1p(np.exp(t)), sigmoid),
    "tanh": (np.tanh, lambda t: 1 - np.tanh(t) ** 2),
    "standard deviation from log variance": (lambda t: np.exp(t / 2), lambda t: np.exp(t / 2) / 2),
}


def squares(p: Array, factor: Callable[[Array], Any]) -> tuple[float, Array]:
    """Mean squared error of a linear model with weights p, and its gradient times a factor."""
    residual = X @ p - Y
    return float(residual @ residual) / 8, 2 * X.T @ residual / 8 * factor(p)


def mapped(name: str, power: int, x0: Array | None = None) -> Report:
    """Check the linear model with weights m(θ) and a gradient with a power of the slope of m; 1 is right."""
    function, slope = MAPS[name]
    start = np.random.default_rng(3).normal(size=5) if x0 is None else x0

    def both(theta: Array) -> tuple[float, Array]:
        return squares(function(theta), lambda p: slope(theta) ** power)

    return gradcheck.check_gradients(both, True, start, rng=0)


def direct(factor: Callable[[Array], Any], x0: Array | None = None) -> Report:
    """Check the linear model with weights θ, and a factor in its gradient."""
    start = np.random.default_rng(3).uniform(0.5, 2, size=5) if x0 is None else x0
    return gradcheck.check_gradients(lambda p: squares(p, factor), True, start, rng=0)


def transitions(right: bool) -> Report:
    """Check the likelihood of a Markov chain whose rows of probabilities are the softmax of θ."""

    def both(theta: Array) -> tuple[float, Array]:
        p = softmax(theta)
        g = -COUNTS / p
        claim = p * (g - (p * g).sum(axis=-1, keepdims=True)) if right else g
        return -float((COUNTS * np.log(p)).sum()), claim

    return gradcheck.check_gradients(both, True, np.random.default_rng(2).normal(size=(4, 4)), rng=0)


def mixture(claim: Callable[[Array, Array], Array], x0: Array, given: bool) -> Report:
    """Check the likelihood of mixture weights, given as such or as logits."""
    densities = np.random.default_rng(4).uniform(0.1, 1, size=(20, 5))

    def both(theta: Array) -> tuple[float, Array]:
        p = theta if given else softmax(theta)
        q = densities @ p
        return -float(np.log(q).sum()), claim(p, -(densities / q[:, None]).sum(axis=0))

    return gradcheck.check_gradients(both, True, x0, rng=0)


def kernel(right: bool) -> Report:
    """Check the logarithms of three hyperparameters of a Gaussian process, each a block with one number."""
    x = np.linspace(0, 1, 9)
    y = np.sin(5 * x)

    def both(theta: dict[str, Any]) -> tuple[float, dict[str, Any]]:
        length, size, noise = (np.exp(theta[k]) for k in ("length", "size", "noise"))
        distance = (x[:, None] - x) ** 2
        smooth = size * np.exp(-0.5 * distance / length**2)
        K = smooth + noise * np.eye(9)
        inverse = np.linalg.inv(K)
        a = inverse @ y
        W = 0.5 * (inverse - np.outer(a, a))
        g = {
            "length": np.sum(W * smooth * distance) / length**3,
            "size": np.sum(W * smooth) / size,
            "noise": np.trace(W),
        }
        if right:
            g = {k: g[k] * np.exp(theta[k]) for k in g}
        return 0.5 * float(y @ a) + 0.5 * float(np.linalg.slogdet(K)[1]), g

    return gradcheck.check_gradients(both, True, {"length": -1.0, "size": 0.3, "noise": -2.0}, rng=0)


def cholesky(right: bool) -> Report:
    """Check a triangular factor with the logarithms of its diagonal on the diagonal."""
    Z = np.random.default_rng(5).normal(size=(10, 4))

    def both(A: Array) -> tuple[float, Array]:
        diagonal = np.exp(np.diag(A))
        B = Z @ (np.tril(A, -1) + np.diag(diagonal))
        G = np.tril(Z.T @ B)
        value = 0.5 * float((B**2).sum()) - float(np.diag(A).sum())
        slope = np.diag(G) - 1 / diagonal
        return value, np.tril(G, -1) + np.diag(slope * diagonal if right else slope)

    return gradcheck.check_gradients(both, True, np.tril(np.random.default_rng(6).normal(size=(4, 4))), rng=0)


WEIGHTS = softmax(np.random.default_rng(7).normal(size=5))
LOGITS = np.random.default_rng(8).normal(size=5)

WRONG: dict[str, Callable[[], Report]] = {
    **{f"slope of {name} missing": lambda name=name: mapped(name, 0) for name in MAPS},  # type: ignore[misc]
    **{f"slope of {name} twice": lambda name=name: mapped(name, 2) for name in MAPS},  # type: ignore[misc]
    "by the logarithm": lambda: direct(lambda p: p),
    "by the logarithm, some negative": lambda: direct(lambda p: p, np.random.default_rng(1).normal(size=5)),
    "by the reciprocal": lambda: direct(lambda p: -(p**2)),
    "with a factor": lambda: direct(lambda p: 3 * p),
    "an entry is zero": lambda: direct(lambda p: 2 * p, np.array([0.0, 1.0, -0.5, 2.0, 0.3])),
    "softmax of a vector": lambda: mixture(lambda p, g: g, LOGITS, given=False),
    "softmax of rows": lambda: transitions(right=False),
    "logits of given probabilities": lambda: mixture(lambda p, g: p * (g - p @ g), WEIGHTS, given=True),
    "single numbers": lambda: kernel(right=False),
    "diagonal of a factor": lambda: cholesky(right=False),
    "float32": lambda: mapped("exp", 0, np.random.default_rng(3).normal(size=5).astype(np.float32)),
}

NEAR_MISSES: dict[str, Callable[[], Report]] = {
    **{f"right {name}": lambda name=name: mapped(name, 1) for name in MAPS},  # type: ignore[misc]
    "right softmax": lambda: transitions(right=True),
    "right kernel": lambda: kernel(right=True),
    "right factor": lambda: cholesky(right=True),
    "cosine": lambda: direct(np.cos),
    "cube": lambda: direct(lambda p: p**3),
    "fixed weights": lambda: direct(lambda p: np.arange(1.0, 6.0)),
    "one number for all": lambda: direct(lambda p: p[0]),
    "half": lambda: check_block(lambda g: 0.5 * g),
    "penalty": lambda: check_model(lambda g: g | {"W1": g["W1"] + 0.1}),
    "gradient times itself": lambda: check_block(lambda g: g * g),
}


@pytest.mark.parametrize("check", WRONG.values(), ids=WRONG)
def test_it_is_named(check: Any) -> None:
    report = check()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("check", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_a_near_miss_is_not_named(check: Any) -> None:
    assert SLUG not in slugs(check())


def test_right_ones_pass() -> None:
    for name in MAPS:
        assert mapped(name, 1)
    assert transitions(right=True)
    assert kernel(right=True)
    assert cholesky(right=True)


def test_the_map_and_the_direction_are_named() -> None:
    assert "it is the derivative with respect to exp θ" in mapped("exp", 0).findings[0].message
    assert "the slope of exp θ is applied once too often" in mapped("exp", 2).findings[0].message
    assert "the softmax of θ along axis 1" in transitions(right=False).findings[0].message


def test_variants_multiply_and_divide_by_the_slope() -> None:
    g = np.ones(5)
    theta = np.random.default_rng(0).normal(size=5)
    subject = as_subject(lambda x: float(np.sum(x)), lambda x: x, theta)
    made = variants(SLUG, subject, 0, (g,)).items()
    found = {detail: v.apply((g,)) for detail, v in made if isinstance(v, (Permutation, LinearMap))}
    np.testing.assert_allclose(found["it is the derivative with respect to exp θ"], np.exp(-theta))
    np.testing.assert_allclose(found["the slope of θ² is applied once too often"], 2 * theta)
    assert "it is the derivative with respect to √θ" not in found  # some entries are negative
