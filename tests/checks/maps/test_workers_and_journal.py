"""Outputs of a map at several points at once, and outputs that survive a crash."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.reports.json import plain

POINT = np.array([0.5, -1.0, 2.0])
MATRIX = np.array([[1.0, -2.0, 0.5], [0.3, 0.7, -1.1]])


class Map:
    """tanh(A x) and its derivatives, times a factor; the map ends with an exception after so many calls."""

    def __init__(self, factor: float = 1.0, lasts: float = np.inf) -> None:
        self.factor, self.lasts, self.calls = factor, lasts, 0

    def fun(self, x: Any) -> Any:
        self.calls += 1
        if self.calls > self.lasts:
            raise KeyboardInterrupt
        return np.tanh(MATRIX @ x)

    def jac(self, x: Any) -> Any:
        return self.factor * (1 - np.tanh(MATRIX @ x) ** 2)[:, None] * MATRIX

    def jvp(self, x: Any, v: Any) -> Any:
        return self.jac(x) @ v

    def vjp(self, x: Any, u: Any) -> Any:
        return self.jac(x).T @ u

    def forward(self, x: Any) -> Any:
        self.fun(x)
        return MATRIX @ x

    def adjoint(self, y: Any) -> Any:
        return self.factor * MATRIX.T @ y

    def energy(self, x: Any) -> float:
        return float(np.sum(np.log(np.cosh(MATRIX @ x))))

    def force(self, x: Any) -> Any:
        return MATRIX.T @ self.fun(x)

    def stiffness(self, x: Any) -> Any:
        return MATRIX.T @ self.jac(x)


CHECKS: dict[str, Callable[..., Any]] = {
    "jacobian": lambda m, **options: gradcheck.check_jacobian(m.fun, m.jac, POINT, **options),
    "jvp": lambda m, **options: gradcheck.check_jvp(m.fun, m.jvp, POINT, **options),
    "vjp": lambda m, **options: gradcheck.check_vjp(m.fun, m.vjp, POINT, **options),
    "adjoint": lambda m, **options: gradcheck.check_adjoint(m.forward, m.adjoint, (3,), (2,), **options),
    "hessian": lambda m, **options: gradcheck.check_hessian(m.energy, m.force, m.stiffness, POINT, **options),
    "problem": lambda m, **options: gradcheck.check_problem(
        m.energy,
        POINT,
        jac=m.force,
        hess=m.stiffness,
        constraints={"type": "eq", "fun": m.fun, "jac": m.jac},
        **options,
    ),
}


def timeless(report: Any) -> dict[str, Any]:
    return {key: value for key, value in plain(report).items() if key != "seconds"}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("factor", [1.0, -1.0, 1.3])
@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor], ids=["threads", "processes"])
def test_executors_give_the_same_report(check: str, factor: float, pool: Any) -> None:
    alone = CHECKS[check](Map(factor), rng=0)
    assert alone.verdict.value == ("pass" if factor == 1.0 else "fail")
    with pool(2) as workers:
        assert timeless(CHECKS[check](Map(factor), rng=0, workers=workers)) == timeless(alone)


def test_outputs_are_computed_several_at_once() -> None:
    together: list[int] = []

    def counted(function: Any, points: Iterable[Any]) -> list[Any]:
        points = list(points)
        together.append(len(points))
        return [function(point) for point in points]

    assert gradcheck.check_jacobian(Map().fun, Map().jac, POINT, rng=0, workers=counted)
    assert max(together) >= 4


@pytest.mark.parametrize("workers", [None, map])
def test_points_outside_of_the_domain_stay_outside(workers: Any) -> None:
    def root(x: Any) -> Any:
        if (x <= 0).any():
            raise ValueError("negative")
        return np.sqrt(x)

    def jac(x: Any) -> Any:
        return np.diag(0.5 / np.sqrt(x))

    mapped = None if workers is None else lambda function, points: list(map(function, points))
    report = gradcheck.check_jacobian(root, jac, np.array([1e-3, 1.0]), rng=0, workers=mapped)
    assert report.verdict.value == "pass"


@pytest.mark.parametrize("workers", [None, lambda f, points: [f(p) for p in points]], ids=["alone", "mapped"])
def test_a_map_that_writes_into_its_argument_is_computed_at_the_same_points(workers: Any) -> None:
    calls = []

    def careless(x: Any) -> Any:
        result = np.sin(x)
        calls.append(1)
        x[:] = 7.0
        return result

    def careful(x: Any) -> Any:
        return np.sin(x)

    report = gradcheck.check_jacobian(careless, lambda x: np.diag(np.cos(x)), POINT, rng=0, workers=workers)
    alike = gradcheck.check_jacobian(careful, lambda x: np.diag(np.cos(x)), POINT, rng=0)
    assert report.verdict.value == "pass"
    assert (report.evaluations, report.noise) == (alike.evaluations, alike.noise)
    assert len(calls) == report.evaluations


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("factor", [1.0, 1.3])
@pytest.mark.parametrize("lasts", [2, 9, 25])
@pytest.mark.parametrize("seed", [5, None])
def test_outputs_survive_a_crash(check: str, factor: float, lasts: int, seed: int | None, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        CHECKS[check](Map(factor, lasts), rng=seed, journal=tmp_path / "journal")
    again, alone = Map(factor), Map(factor)
    report = CHECKS[check](again, rng=seed, journal=tmp_path / "journal")
    assert timeless(report) == timeless(CHECKS[check](alone, rng=report.seed))
    assert again.calls <= alone.calls - lasts + 2  # what reads x0 first is not kept
    kept = (tmp_path / "journal").read_text(encoding="utf-8").splitlines()
    assert len(set(kept)) == len(kept)  # no value was added twice


def test_the_files_of_a_problem_end_together(tmp_path: Path) -> None:
    """The gradient ends first; if the constraint is cut short, its evaluations are still read by the next check."""
    whole = Map()
    report = CHECKS["problem"](whole, rng=0)
    cut = Map(lasts=whole.calls - 3)
    with pytest.raises(KeyboardInterrupt):
        CHECKS["problem"](cut, rng=0, journal=tmp_path / "journal")
    again = Map()
    assert timeless(CHECKS["problem"](again, rng=0, journal=tmp_path / "journal")) == timeless(report)
    assert again.calls < whole.calls / 4
    anew = Map()
    CHECKS["problem"](anew, rng=0, journal=tmp_path / "journal")
    assert anew.calls == whole.calls
    assert {path.name for path in tmp_path.iterdir()} == {
        "journal",
        "journal.hess",
        "journal.hess.gradient",
        "journal.constraints[0].jac",
    }


def test_a_file_that_is_no_journal_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(gradcheck.SubjectError, match="is no journal of gradcheck"):
        CHECKS["problem"](Map(), journal=tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"
    with pytest.raises(gradcheck.SubjectTypeError, match="journal is a int"):
        CHECKS["problem"](Map(), journal=3)


def test_the_journal_of_another_map_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        CHECKS["jacobian"](Map(lasts=9), journal=tmp_path / "journal")
    with pytest.raises(gradcheck.SubjectError, match="is of another point or of other functions"):
        gradcheck.check_jacobian(lambda x: np.sin(x), lambda x: np.diag(np.cos(x)), POINT, journal=tmp_path / "journal")
