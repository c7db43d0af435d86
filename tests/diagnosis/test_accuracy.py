"""A gap that a solver may have made is wrong if a mistake explains it, and undecided if none does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import check_gradients
from gradcheck.diagnosis.accuracy import settled
from gradcheck.diagnosis.attribution import locate_faults
from gradcheck.verdicts.checker import CheckOptions, check
from gradcheck.verdicts.verdict import Verdict
from tests.cases import Array
from tests.probers import RTOL, evaluator_of
from tests.solved import Claim, diffusion

Params = dict[str, Array]

W: Array = np.array([0.4, -1.1, 0.8, 1.7])


def beside(factor: float, method: str = "cg") -> tuple[Any, Any, Params]:
    """A block that comes from a solver, and one that does not, whose gradient is off by a factor."""
    loss, gradient, m = diffusion(method)

    def both(p: Params) -> float:
        return loss(p["m"]) + float(np.cosh(p["w"]).sum())

    return both, lambda p: {"m": gradient(p["m"]), "w": factor * np.sinh(p["w"])}, {"m": m, "w": W}


def settle(loss: Any, gradient: Any, x0: Any) -> tuple[Any, Any, Any, Any]:
    """Check and faults, before and after."""
    evaluator, rng = evaluator_of(loss, gradient, x0), np.random.default_rng(0)
    found = check(evaluator, CheckOptions(RTOL), rng)
    faults = locate_faults(evaluator, found, RTOL, rng)
    return found, faults, *settled(found, faults)


@pytest.mark.parametrize("method", ["cg", "gmres"])
def test_a_spread_gap_that_nothing_explains_becomes_undecided(method: str) -> None:
    before, faults, after, left = settle(*diffusion(method))
    assert before.verdict is Verdict.FAIL
    assert len(faults) == 1
    assert after.verdict is Verdict.UNDECIDED
    assert left == []
    assert [o.slug for o in after.observations] == ["solver-tolerance"]
    assert after.blocks[0].spread is None


@pytest.mark.parametrize("factor", [-1.0, 0.5])
def test_a_gap_that_a_mistake_explains_stays_wrong(factor: float) -> None:
    loss, gradient, m = diffusion()

    def wrong(m: Array) -> Array:
        return factor * gradient(m)

    before, faults, after, left = settle(loss, wrong, m)
    assert after is before
    assert after.verdict is Verdict.FAIL
    assert left == faults


def test_a_check_without_such_a_gap_is_left_alone() -> None:
    def right(x: Array) -> Array:
        return np.asarray(np.sinh(x))

    before, faults, after, left = settle(lambda x: float(np.cosh(x).sum()), right, W)
    assert after is before
    assert before.verdict is Verdict.PASS
    assert left == faults == []


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("factor", "verdict", "codes"), [(1.0, "undecided", {"GC506"}), (-1.0, "fail", {"GC101"})])
def test_a_wrong_block_beside_a_solver_is_still_wrong(factor: float, verdict: str, codes: set[str], seed: int) -> None:
    report = check_gradients(*beside(factor), rng=seed)
    assert report.verdict.value == verdict
    assert report.blocks["w"].verdict.value == ("pass" if factor == 1.0 else "fail")
    assert report.blocks["m"].verdict.value == "undecided"
    assert codes <= {finding.code for finding in report.findings}


@pytest.mark.parametrize("seed", range(3))
def test_the_wrong_block_alone_fails_where_the_accuracy_is_stated(seed: int) -> None:
    report = check_gradients(*beside(-1.0), rng=seed, loss_accuracy=1e-2)
    assert {name: block.verdict.value for name, block in report.blocks.items()} == {"m": "pass", "w": "fail"}
    assert [finding.code for finding in report.findings] == ["GC101"]
    assert check_gradients(*beside(1.0), rng=seed, loss_accuracy=1e-2)


def unsteady(gradient: Claim) -> Claim:
    rng = np.random.default_rng(0)
    return lambda m: gradient(m) * rng.uniform(0.5, 1.5, m.size)


def test_a_claim_that_differs_from_call_to_call_is_not_the_solvers() -> None:
    loss, gradient, m = diffusion()
    report = check_gradients(loss, unsteady(gradient), m, rng=0)
    assert report.verdict.value == "fail"
    assert "GC506" not in {finding.code for finding in report.findings}
