"""Where kinks and rounding hide a slope, a claim that is the exact derivative of the recorded operations passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp
from scipy.optimize import brentq, minimize
from scipy.sparse.linalg import LinearOperator, cg

import gradcheck
from gradcheck.checks import gradients
from gradcheck.checks.exact import loss_iterates
from tests.cases import Array
from tests.probers import evaluator_of

Parameters = dict[str, np.ndarray]

ROWS, INPUTS, HIDDEN, CLASSES = 4000, 64, 64, 10


def classifier(change: Callable[[Parameters], Parameters] = lambda g: g) -> tuple[Any, Parameters]:
    """Loss and gradients of a rectifier network with a batch so large that kinks lie everywhere."""
    rng = np.random.default_rng(0)
    x, target = rng.random((ROWS, INPUTS)), np.eye(CLASSES)[rng.integers(0, CLASSES, ROWS)]
    start = {
        "W1": rng.standard_normal((INPUTS, HIDDEN)) * 0.05,
        "b1": np.zeros(HIDDEN),
        "W2": rng.standard_normal((HIDDEN, CLASSES)) * 0.1,
        "b2": np.zeros(CLASSES),
    }

    def both(p: Parameters) -> tuple[float, Parameters]:
        z = x @ p["W1"] + p["b1"]
        h = np.maximum(z, 0)
        logits = h @ p["W2"] + p["b2"]
        e = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = e / e.sum(axis=1, keepdims=True)
        loss = -np.mean(np.sum(target * np.log(probabilities), axis=1))
        d = (probabilities - target) / len(x)
        dz = (d @ p["W2"].T) * (z > 0)
        return loss, change({"W1": x.T @ dz, "b1": dz.sum(axis=0), "W2": h.T @ d, "b2": d.sum(axis=0)})

    return both, start


@pytest.mark.parametrize("seed", range(3))
def test_a_large_batch_of_rectifiers_passes(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    both, start = classifier()
    report = gradcheck.check_gradients(both, True, start, rng=seed)
    assert report.verdict.value == "pass"
    assert "recorded operations" in report.blocks["W1"].note
    assert report.blocks["W1"].resolution is None
    monkeypatch.setattr(gradients, "_exact_blocks", lambda *_: frozenset())
    assert gradcheck.check_gradients(both, True, start, rng=seed).verdict.value == "undecided"


def one_entry(g: Parameters) -> Parameters:
    """One entry of the first weights is off by 20 percent."""
    g["W1"][3, 5] *= 1.2
    return g


def slightly(g: Parameters) -> Parameters:
    """All first weights are off by what no difference of this loss can show."""
    return g | {"W1": g["W1"] * (1 + 1e-6)}


def not_summed(g: Parameters) -> Parameters:
    """The bias of the first layer has the mean in place of the sum."""
    return g | {"b1": g["b1"] / ROWS}


@pytest.mark.parametrize("change", [one_entry, slightly, not_summed])
def test_a_wrong_gradient_is_not_a_recorded_derivative(change: Callable[[Parameters], Parameters]) -> None:
    both, start = classifier(change)
    report = gradcheck.check_gradients(both, True, start, rng=0)
    assert report.verdict.value != "pass" or report.blocks["W1"].resolution is not None
    assert report.verdict.value == "fail" or change is not not_summed


def test_a_gradient_that_is_given_as_an_array_has_no_second_point() -> None:
    both, start = classifier()
    report = gradcheck.check_gradients(lambda p: both(p)[0], both(start)[1], start, rng=0)
    assert report.blocks["W1"].verdict.value == "undecided"


def test_a_path_that_is_not_recorded_makes_no_derivative_exact() -> None:
    """The loss has a term that reaches it through the bytes of an array; the claim has forgotten it."""
    both, start = classifier()

    def fun(p: Parameters) -> float:
        hidden: np.ndarray = np.array(memoryview(p["b2"].tobytes()).cast("d").tolist())
        return float(both(p)[0]) + 0.1 * float(np.sum(hidden**2) + np.sum(np.sin(hidden)))

    report = gradcheck.check_gradients(fun, lambda p: both(p)[1], start, rng=0)
    assert report.blocks["b2"].verdict.value == "fail"
    assert report.blocks["W1"].verdict.value != "pass" or report.blocks["W1"].resolution is not None


def swallowing(
    size: float, effect: float, width: float, shape: Callable[[np.ndarray], np.ndarray], slope: Callable[[Any], Any]
) -> tuple[Callable[[Parameters], float], Callable[[Parameters], Parameters], Parameters]:
    """A loss one of whose blocks changes a term that is far larger than the loss by less than its last digit."""

    def fun(p: Parameters) -> float:
        large = size + effect * width * np.sum(shape(p["hidden"] / width))
        return float(large - size + np.sum(np.cos(p["seen"])))

    def grad(p: Parameters) -> Parameters:
        return {"hidden": effect * slope(p["hidden"] / width), "seen": -np.sin(p["seen"])}

    return fun, grad, {"hidden": np.array([0.4, -0.7, 1.1]), "seen": np.array([0.3, -1.2])}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("size", "effect", "width"), [(3e5, 1.4e-12, 1.1), (1e6, 1e-12, 40.0), (4e6, 1e-14, 600.0)])
def test_what_larger_terms_swallow_passes_if_it_is_right(size: float, effect: float, width: float, seed: int) -> None:
    fun, grad, start = swallowing(size, effect, width, np.tanh, lambda x: 1.0 - np.tanh(x) ** 2)
    assert gradcheck.check_gradients(fun, grad, start, rng=seed).verdict.value == "pass"

    def wrong(p: Parameters) -> Parameters:
        return grad(p) | {"hidden": np.full(3, 1e-3)}

    assert gradcheck.check_gradients(fun, wrong, start, rng=seed).blocks["hidden"].verdict.value == "fail"


# -- solvers -----------------------------------------------------------------------------------------------------------


def integrated(x: Array) -> float:
    return float(solve_ivp(lambda _t, y: -x * y, (0.0, 1.0), np.ones(2)).y[:, -1].sum())


def root(x: Array) -> float:
    return float(brentq(lambda y: x[0] * y + np.sinh(x[1] * y) - 1.0, -5.0, 5.0))


def smallest(x: Array) -> float:
    def distance(y: Array) -> float:
        return float(np.sum((y - x) ** 2) + np.sum(y**4))

    return float(minimize(distance, np.zeros(2)).fun)


def area(x: Array) -> float:
    return float(quad(lambda t: np.exp(-x[0] * t * t) + x[1], 0.0, 2.0)[0])


def solved(x: Array) -> float:
    def times(v: Array) -> Array:
        return np.asarray((2.0 + x[0] ** 2) * v + 0.1 * x[1] * np.array([v[1], v[0] + v[2], v[1]]))

    return float(cg(LinearOperator((3, 3), matvec=times), np.ones(3))[0].sum())


def plain(x: Array) -> float:
    return float(np.tanh(x).sum())


def vectorised(x: Array) -> float:
    return float(np.vectorize(lambda t: 2.0 * np.tanh(t))(np.tile(x, 9)).sum())


def mapped(x: Array) -> float:
    return float(sum(map(np.tanh, np.tile(x, 9))))


def along_an_axis(x: Array) -> float:
    return float(np.apply_along_axis(lambda t: 2.0 * np.tanh(t), 0, np.tile(x[:, None], 9)).sum())


def recurrent(x: Array) -> float:
    h = np.zeros(2)
    for _ in range(9):
        h = np.tanh(h + x)
    return float(h.sum())


def iterates(loss: Callable[[Array], Any], budget: int = 1000) -> bool:
    evaluator = evaluator_of(loss, lambda x: x, np.array([0.7, 0.4]), budget=budget)
    with evaluator.subject.session():
        return loss_iterates(evaluator)


@pytest.mark.parametrize("loss", [integrated, root, smallest, area, solved])
def test_a_solver_calls_the_users_functions_again_and_again(loss: Callable[[Array], float]) -> None:
    assert iterates(loss)
    assert not iterates(loss, budget=5)


@pytest.mark.parametrize("loss", [plain, vectorised, mapped, along_an_axis, recurrent])
def test_what_is_exact_to_rounding_does_not(loss: Callable[[Array], float]) -> None:
    assert not iterates(loss)


def test_a_loss_without_source_is_not_known_to() -> None:
    space: dict[str, Any] = {"solve_ivp": solve_ivp, "np": np}
    exec("def loss(x): return solve_ivp(lambda t, y: -x * y, (0, 1), np.ones(2)).y[:, -1].sum()", space)
    assert not iterates(space["loss"])
