"""A small gap in all entries may be that of a solver; a gap in some, or a large one, may not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest
from scipy.integrate import odeint, solve_ivp
from scipy.linalg import expm_frechet

from gradcheck import Verdict, check_gradients
from gradcheck.verdicts.entry import Location, Materiality
from gradcheck.verdicts.solver_tolerance import GapShape, shape_of
from tests.cases import Array, codes, verdict
from tests.probers import prober_of
from tests.solved import CASES, Claim, diffusion, twisted


def typical_entry(gradient: Array) -> int:
    """One that matters: the largest."""
    return int(np.argmax(np.abs(gradient)))


# -- whole checks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "seed"), CASES)
def test_a_right_adjoint_is_undecided_unless_the_accuracy_is_known(method: str, seed: int) -> None:
    loss, gradient, m = diffusion(method, seed)
    assert verdict(loss, gradient, m, rng=seed) == "undecided"
    assert verdict(loss, gradient, m, rng=seed, loss_accuracy=1e-2) == "pass"
    assert verdict(loss, gradient, m, rng=seed, loss_accuracy=0) == "fail"


@pytest.mark.parametrize("seed", range(3))
def test_the_same_adjoint_with_exact_solves_passes(seed: int) -> None:
    loss, gradient, m = diffusion("exact", seed)
    for accuracy in (None, 0, 1e-2):
        assert verdict(loss, gradient, m, rng=seed, loss_accuracy=accuracy) == "pass"


@pytest.mark.parametrize(("method", "seed"), CASES)
@pytest.mark.parametrize("factor", [-1.0, 0.5, 1.5])
@pytest.mark.parametrize("accuracy", [None, 1e-2])
def test_a_wrong_adjoint_fails_whatever_the_accuracy(
    accuracy: float | None, factor: float, method: str, seed: int
) -> None:
    loss, gradient, m = diffusion(method, seed)
    assert verdict(loss, lambda m: factor * gradient(m), m, rng=seed, loss_accuracy=accuracy) == "fail"


@pytest.mark.parametrize(("method", "seed"), CASES)
@pytest.mark.parametrize("accuracy", [None, 1e-2])
def test_one_entry_that_is_off_stands_out(accuracy: float | None, method: str, seed: int) -> None:
    loss, gradient, m = diffusion(method, seed)
    index = typical_entry(gradient(m))
    report = check_gradients(loss, twisted(gradient, index, 1.2), m, rng=seed, loss_accuracy=accuracy)
    assert report.verdict is Verdict.FAIL
    assert [entry.index for entry in report.blocks["x"].entries if entry.wrong] == [(index,)]


def test_a_stated_accuracy_is_the_limit() -> None:
    """A claim off by a smooth part of a thousandth in each entry, of a loss without a solver."""
    x0 = np.random.default_rng(0).standard_normal(20)
    off = 1.0 + 1e-3 * np.random.default_rng(1).choice([-1.0, 1.0], 20)

    def found(accuracy: float | None) -> str:
        return verdict(lambda x: float(np.cosh(x).sum()), lambda x: off * np.sinh(x), x0, loss_accuracy=accuracy)

    assert [found(accuracy) for accuracy in (0, 1e-5, 1e-2, 0.1)] == ["fail", "fail", "pass", "pass"]


def test_the_note_states_how_far_the_gradient_agrees() -> None:
    loss, gradient, m = diffusion()
    assert "of its norm" in check_gradients(loss, gradient, m, rng=0).blocks["x"].note
    stated = check_gradients(loss, gradient, m, rng=0, loss_accuracy=1e-2).blocks["x"].note
    assert "within the stated accuracy of the loss" in stated


Method = Literal["odeint", "RK45", "BDF", "DOP853"]


def flow(method: Method, accuracy: float, seed: int) -> tuple[Callable[[Array], float], Claim, Array]:
    """A linear function of the flow of y' = A·y as a loss of A, and its gradient by the exponential of A."""
    rng = np.random.default_rng(seed)
    a = 0.6 * rng.standard_normal((5, 5)) - 0.5 * np.eye(5)
    weights, start = rng.standard_normal(5), rng.standard_normal(5)

    def loss(a: Array) -> float:
        if method == "odeint":
            end = odeint(lambda y, t: a @ y, start, [0.0, 1.0], rtol=accuracy, atol=accuracy)[-1]
        else:
            end = solve_ivp(lambda t, y: a @ y, (0, 1), start, method=method, rtol=accuracy, atol=accuracy).y[:, -1]
        return float(weights @ end)

    def gradient(a: Array) -> Array:
        _, found = expm_frechet(a.T, np.outer(weights, start))
        return np.asarray(found)

    return loss, gradient, a


Loose = Literal["LSODA", "RK45", "BDF"]


def oscillator(method: Loose, accuracy: float, seed: int) -> tuple[Callable[[Array], float], Claim, Array]:
    """A fit of a driven van der Pol oscillator, integrated loosely; its sensitivities are integrated with care.

    The slope of the loss is off by up to a third.
    """
    rng = np.random.default_rng(seed)
    p0, end, data = rng.uniform(0.5, 2.0, 3), rng.uniform(1.0, 4.0), rng.uniform(0.5, 2.0, (2, 6))
    times = np.linspace(0.0, end, 6)

    def flow(t: float, z: Array, p: Array) -> Array:
        return np.array([z[1], p[0] * (1 - z[0] ** 2) * z[1] - p[1] * z[0] + p[2] * np.cos(t)])

    def loss(p: Array) -> float:
        def right_side(t: float, z: Array) -> Array:
            return flow(t, z, p)

        found = solve_ivp(right_side, (0, end), [1.0, 0.0], method, times, rtol=accuracy, atol=accuracy)
        return 0.5 * float(np.sum((found.y - data) ** 2))

    def gradient(p: Array) -> Array:
        def with_sensitivities(t: float, z: Array) -> Array:
            x, y = z[:2]
            by_state = np.array([[0.0, 1.0], [-2 * p[0] * x * y - p[1], p[0] * (1 - x * x)]])
            by_p = np.array([[0.0, 0.0, 0.0], [(1 - x * x) * y, -x, np.cos(t)]])
            return np.concatenate([flow(t, z[:2], p), (by_state @ z[2:].reshape(2, 3) + by_p).ravel()])

        start = np.concatenate([[1.0, 0.0], np.zeros(6)])
        y = solve_ivp(with_sensitivities, (0, end), start, "DOP853", times, rtol=1e-10, atol=1e-12).y
        return np.asarray(np.einsum("it,ijt->j", y[:2] - data, y[2:].reshape(2, 3, -1)))

    return loss, gradient, p0


LOOSE: list[tuple[Loose, float, int]] = [
    ("LSODA", 1e-2, 6),
    ("LSODA", 1e-2, 8),
    ("LSODA", 1e-2, 11),
    ("RK45", 1e-3, 1),
    ("RK45", 1e-3, 7),
    ("BDF", 1e-2, 6),
]


@pytest.mark.parametrize(("method", "accuracy", "seed"), LOOSE)
def test_the_error_of_a_loose_integrator_is_no_mistake(method: Loose, accuracy: float, seed: int) -> None:
    """The recorder sees that it calls the right-hand side again and again; in some cases the loss also jumps."""
    loss, gradient, p0 = oscillator(method, accuracy, seed)
    assert verdict(loss, gradient, p0, rng=seed) == "undecided"
    assert verdict(loss, gradient, p0, rng=seed, loss_accuracy=0) == "fail"
    assert verdict(loss, lambda p: -gradient(p), p0, rng=seed) == "fail"


@pytest.mark.parametrize(("factor", "code"), [(-1.0, "GC101"), (0.5, "GC102")])
@pytest.mark.parametrize(("method", "accuracy", "seed"), [("LSODA", 1e-2, 0), ("RK45", 1e-3, 2)])
def test_a_sign_and_a_half_are_named_through_a_loose_integrator(
    method: Loose, accuracy: float, seed: int, factor: float, code: str
) -> None:
    """The slope of the loss is off by 6 to 13% of its norm."""
    loss, gradient, p0 = oscillator(method, accuracy, seed)
    assert code in codes(loss, lambda p: factor * gradient(p), p0, rng=seed)


@pytest.mark.parametrize("factor", [-1.0, 0.5])
def test_without_a_solver_a_claim_that_is_roughly_a_multiple_is_none(factor: float) -> None:
    """Off by 10% in every entry besides, smoothly: another mistake, as nothing in the loss could make it."""
    x0 = np.random.default_rng(0).standard_normal(20)
    off = factor * (1.0 + 0.1 * np.random.default_rng(1).choice([-1.0, 1.0], 20))
    found = codes(lambda x: float(np.cosh(x).sum()), lambda x: off * np.sinh(x), x0)
    assert not found & {"GC101", "GC102"}
    assert codes(lambda x: float(np.cosh(x).sum()), lambda x: factor * np.sinh(x), x0) & {"GC101", "GC102"}


FLOWS: list[tuple[Method, float, int]] = [
    ("RK45", 1e-6, 115),
    ("odeint", 1e-6, 3),
    ("odeint", 1e-8, 5),
    ("BDF", 1e-8, 1),
    ("DOP853", 1e-8, 6),
]


@pytest.mark.parametrize(("method", "accuracy", "seed"), FLOWS)
def test_small_entries_of_a_right_gradient_are_not_wrong_alone(method: Method, accuracy: float, seed: int) -> None:
    """What an integrator leaves is the same in all entries: it matters to the small ones first."""
    loss, gradient, a = flow(method, accuracy, seed)
    assert verdict(loss, gradient, a, rng=seed) in ("pass", "undecided")


@pytest.mark.parametrize(("method", "accuracy", "seed"), FLOWS)
@pytest.mark.parametrize("rank", [3, 12, 24])
def test_an_entry_off_by_a_fifth_is_found_beside_what_an_integrator_leaves(
    rank: int, method: Method, accuracy: float, seed: int
) -> None:
    loss, gradient, a = flow(method, accuracy, seed)
    row, column = map(int, np.unravel_index(np.argsort(np.abs(gradient(a)), axis=None)[rank], a.shape))

    def off(a: Array) -> Array:
        found = gradient(a)
        found[row, column] *= 1.2
        return found

    report = check_gradients(loss, off, a, rng=seed)
    assert report.verdict is Verdict.FAIL
    assert [entry.index for entry in report.blocks["x"].entries if entry.wrong] == [(row, column)]


# -- the shape of a gap ------------------------------------------------------------------------------------------------

UNKNOWN = Location(Materiality.WRONG, (), complete=False)


def right(x: Array) -> Array:
    return np.asarray(np.sinh(x))


def shaped(off: Array, seed: int = 0, *, iterates: bool = False) -> GapShape | None:
    """The shape of a gap that is a part of each entry; whether there is known to be a solver."""
    x0 = np.random.default_rng(seed).uniform(0.5, 1.5, off.size)
    prober = prober_of(lambda x: float(np.cosh(x).sum()), lambda x: (1 + off) * right(x), x0, seed=seed)
    return shape_of(prober, 0, UNKNOWN, iterates=lambda: iterates)


def signs(count: int) -> Array:
    return np.random.default_rng(3).choice([-1.0, 1.0], count)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("count", [8, 40, 200])
@pytest.mark.parametrize("part", [1e-3, 1e-2])
def test_a_small_gap_in_all_entries_is_spread(part: float, count: int, seed: int) -> None:
    found = shaped(part * signs(count), seed)
    assert found is not None
    assert found.spread
    assert part / 5 < found.part < 5 * part  # the root mean square along four random directions


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("count", [8, 40, 200])
def test_a_small_gap_in_half_of_the_entries_is_not_spread(count: int, seed: int) -> None:
    found = shaped(1e-2 * signs(count) * (np.arange(count) % 2), seed)
    assert found is None or not found.spread


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("count", [8, 40])
@pytest.mark.parametrize(
    ("part", "iterates", "expected"), [(0.12, True, True), (0.12, False, False), (0.9, True, False)]
)
def test_a_larger_one_is_that_of_a_solver_only_if_there_is_known_to_be_one(
    part: float, iterates: bool, expected: bool, count: int, seed: int
) -> None:
    found = shaped(part * signs(count), seed, iterates=iterates)
    assert (found is not None and bool(found.spread)) is expected


@pytest.mark.parametrize("seed", range(3))
def test_a_gap_of_the_size_of_the_gradient_is_no_solvers(seed: int) -> None:
    assert shaped(np.full(20, 1.0), seed) is None or not getattr(shaped(np.full(20, 1.0), seed), "spread", False)


@pytest.mark.parametrize("seed", range(3))
def test_an_entry_that_stands_out_of_a_spread_gap_is_the_wrong_one(seed: int) -> None:
    off = 1e-4 * signs(24)
    off[5] = 0.3
    found = shaped(off, seed)
    assert found is not None
    assert not found.spread
    assert [entry.index for entry in found.location.entries if entry.wrong] == [(5,)]


def without_source(text: str) -> Callable[..., float]:
    """A function that cannot be looked into, so that a solver may be inside."""
    made: Callable[..., float] = eval(text, {"np": np})
    return made


@pytest.mark.parametrize(
    ("off", "expected"),
    [
        ([5e-3, 0, 0], "fail"),
        ([0, -2e-2, 0], "fail"),
        ([4e-4, 0, 0], "undecided"),
        ([5e-3, -8e-3, 2e-2], "undecided"),
        ([5e-3, -8e-3, 0.3], "fail"),
    ],
)
def test_single_entries_have_a_pattern_only_together(off: list[float], expected: str) -> None:
    x0 = {"a": 0.7, "b": -1.2, "c": 0.4}
    fun = without_source("lambda p: float(np.cosh(p['a']) + np.cosh(p['b']) + np.cosh(p['c']))")

    def grad(p: dict[str, float]) -> dict[str, float]:  # off by another part at each point, as a solver is
        return {k: float(np.sinh(v) * (1 + part * np.cos(40 * v))) for (k, v), part in zip(p.items(), off, strict=True)}

    assert verdict(fun, grad, x0, rng=1) == expected


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("count", [20, 200])
def test_noise_that_hides_some_gaps_does_not_make_the_others_isolated(count: int, seed: int) -> None:
    x0 = np.random.default_rng(seed).uniform(0.5, 1.5, count)
    off = 1e-2 * np.random.default_rng(3).standard_normal(count)
    noisy = without_source("lambda x: float(np.cosh(x).sum() + 3e-9 * np.sin(1e9 * x).sum())")
    report = check_gradients(noisy, lambda x: (1 + off) * right(x), x0, rng=seed)
    assert report.verdict is Verdict.UNDECIDED


def exact_but(factor: float) -> Claim:
    return lambda x: factor * right(x)


@pytest.mark.parametrize(("factor", "expected"), [(1.0, "pass"), (2.0, "fail"), (-1.0, "fail")])
def test_a_loss_without_a_solver_is_as_ever(factor: float, expected: str) -> None:
    x0 = np.linspace(0.2, 1.4, 9)
    assert verdict(lambda x: float(np.cosh(x).sum()), exact_but(factor), x0) == expected
