"""A gap that goes away with the tolerance of a solver is its doing; one that stays is a mistake, and is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.sparse import linalg

from gradcheck import Verdict, check_gradients
from gradcheck.reports.report import Report
from tests.cases import Array
from tests.solved import Claim

#: What a wrong claim has, and the code of its name; none where the catalogue has no such mistake.
MISTAKES = {"sign": "GC101", "half": "GC102", "term": None, "entry": None, "zero": "GC104"}

#: Solvers with tolerances that leave a gap of 1 to 20% of the norm.
LOOSE = [("cg", 1e-2), ("gmres", 1e-2), ("lsmr", 1e-3), ("minres", 1e-3), ("lgmres", 1e-2), ("bicgstab", 1e-2)]


def elliptic(name: str, accuracy: float, seed: int) -> tuple[Callable[[Array], float], Claim, Claim, Array]:
    """A linear function of the solution of an elliptic equation, its adjoint, the same without a term, and a point.

    The right-hand side depends on the parameters too: that is the term. It is a tenth to a third of the norm.
    """
    rng, n = np.random.default_rng(seed), 24
    laplace = 2.2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)
    b, c = rng.standard_normal((2, n))
    tolerances = {"atol": accuracy, "btol": accuracy} if name == "lsmr" else {"rtol": accuracy}
    method: Any = getattr(linalg, name)

    def solve(m: Array, right: Array) -> Array:
        return np.asarray(method(laplace + np.diag(np.exp(m)), right, **tolerances)[0])

    def source(m: Array) -> Array:
        return np.asarray(b + 0.2 * np.sin(m))

    def loss(m: Array) -> float:
        return float(c @ solve(m, source(m)))

    def without_term(m: Array) -> Array:
        return -solve(m, c) * solve(m, source(m)) * np.exp(m)

    def gradient(m: Array) -> Array:
        return without_term(m) + solve(m, c) * 0.2 * np.cos(m)

    return loss, gradient, without_term, rng.uniform(-1.0, 0.5, n)


def rotation(method: str, accuracy: float, seed: int) -> tuple[Callable[[Array], float], Claim, Claim, Array]:
    """A fit of a pendulum with drag, and its sensitivities; the term is that of the velocity at the start."""
    rng = np.random.default_rng(seed)
    p0, times, data = rng.uniform(0.5, 1.5, 3), np.linspace(0.0, 4.0, 6), rng.uniform(-1.0, 1.0, 6)

    def right_side(_t: float, z: Array, p: Array) -> Array:
        x, v = z[:2]
        by_state = np.array([[0.0, 1.0], [-p[0] * np.cos(x), -p[1]]])
        by_p = np.array([[0.0, 0.0, 0.0], [-np.sin(x), -v, np.cos(_t)]])
        moved = [] if z.size == 2 else (by_state @ z[2:].reshape(2, 3) + by_p).ravel()
        return np.concatenate([[v, -p[0] * np.sin(x) - p[1] * v + p[2] * np.cos(_t)], moved])

    def solved(start: list[float], p: Array) -> Array:
        options: Any = {"method": method, "t_eval": times, "args": (p,), "rtol": accuracy, "atol": accuracy}
        return np.asarray(solve_ivp(right_side, (0, 4), start, **options).y)

    def loss(p: Array) -> float:
        return 0.5 * float(np.sum((solved([1.0, 0.3 * p[0]], p)[0] - data) ** 2))

    def by(p: Array, slope: float) -> Array:
        y = solved([1.0, 0.3 * p[0], 0.0, 0.0, 0.0, slope, 0.0, 0.0], p)
        return np.asarray((y[0] - data) @ y[2:5].T)

    return loss, lambda p: by(p, 0.3), lambda p: by(p, 0.0), p0


Problem = tuple[Callable[[Array], float], Claim, Claim, Array]


def problem(name: str, accuracy: float, seed: int = 0) -> Problem:
    return (rotation if name in ("RK45", "BDF", "LSODA") else elliptic)(name, accuracy, seed)


CASES = [*LOOSE, ("RK45", 1e-3), ("BDF", 1e-3), ("LSODA", 1e-3), ("cg", 1e-4)]


def checked(loss: Callable[[Array], float], claim: Claim, x0: Array, *, accuracy: float | None = None) -> Report:
    return check_gradients(loss, claim, x0, rng=0, loss_accuracy=accuracy)


@pytest.mark.parametrize(("name", "accuracy"), CASES)
def test_a_right_gradient_of_a_loose_solver_never_fails(name: str, accuracy: float) -> None:
    loss, gradient, _, x0 = problem(name, accuracy)
    report = checked(loss, gradient, x0)
    assert report.verdict is Verdict.UNDECIDED
    assert [finding.code for finding in report.findings] == ["GC506"]
    assert checked(loss, gradient, x0, accuracy=0.5).verdict is Verdict.PASS


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize(("name", "accuracy"), CASES[:9:2])
def test_a_mistake_is_found_and_named_beside_a_loose_solver(name: str, accuracy: float, mistake: str) -> None:
    loss, gradient, without_term, x0 = problem(name, accuracy)
    index = int(np.argsort(np.abs(gradient(x0)))[len(x0) // 2])

    def off(x: Array) -> Array:
        found = gradient(x)
        found[index] *= 1.2
        return found

    wrong: dict[str, Claim] = {
        "sign": lambda x: -gradient(x),
        "half": lambda x: 0.5 * gradient(x),
        "term": without_term,
        "entry": off,
        "zero": np.zeros_like,
    }
    report = checked(loss, wrong[mistake], x0)
    codes = [finding.code for finding in report.findings]
    assert report.verdict is Verdict.FAIL
    assert MISTAKES[mistake] is None or codes == [MISTAKES[mistake]]
    if mistake == "entry":
        assert [entry.index for entry in report.blocks["x"].entries if entry.wrong] == [(index,)]


@pytest.mark.parametrize("seed", range(8))
def test_a_solver_that_stagnates_at_a_generic_point_makes_no_right_gradient_wrong(seed: int) -> None:
    """Transpose-free QMR does not reach small tolerances everywhere."""
    loss, gradient, _, x0 = elliptic("tfqmr", 1e-5, seed)
    assert checked(loss, gradient, x0).verdict is not Verdict.FAIL
    assert checked(loss, lambda x: -gradient(x), x0).verdict is Verdict.FAIL


def test_what_the_gap_becomes_is_reported() -> None:
    loss, gradient, _, x0 = problem("cg", 1e-2)
    (finding,) = checked(loss, gradient, x0).findings
    assert "where the solvers inside have smaller tolerances" in finding.evidence


def test_an_adjoint_that_is_solved_loosely_is_not_wrong_for_an_exact_loss() -> None:
    loss, loose, _, x0 = elliptic("cg", 1e-3, 0)
    exact, _, _, _ = elliptic("cg", 1e-10, 0)
    assert checked(exact, loose, x0).verdict is Verdict.UNDECIDED
    assert checked(exact, lambda x: -loose(x), x0).verdict is Verdict.FAIL
    assert loss(x0) != exact(x0)
