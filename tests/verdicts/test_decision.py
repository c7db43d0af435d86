"""A block is called wrong only for a gap that is reproducible, material, confirmed, and nothing else explains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.probes.screening import Agreement, Screening, screen_block
from gradcheck.verdicts.decision import Decision, decide
from gradcheck.verdicts.entry import Materiality
from gradcheck.verdicts.reasons import UndecidedReason
from gradcheck.verdicts.verdict import Verdict
from tests.cases import Array, logcosh, spoil_entry
from tests.probers import X, prober_of, shake


def screened(
    loss: Callable[..., Any], gradient: Callable[..., Any], x0: Any = X, *, budget: int = 4000, seed: int = 0
) -> Screening:
    found = screen_block(prober_of(loss, gradient, x0, budget=budget, seed=seed), 0)
    assert found.agreement is Agreement.DISAGREES
    return found


def decided(*arguments: Any, **options: Any) -> Decision:
    return decide(0, screened(*arguments, **options))


@pytest.mark.parametrize("factor", [-1.0, 0.5, 1.01])
def test_a_wrong_gradient_fails(factor: float) -> None:
    found = decided(logcosh, lambda x: factor * np.tanh(x))
    assert found.verdict is Verdict.FAIL
    assert found.location is not None
    assert found.location.materiality is Materiality.WRONG
    assert [entry.wrong for entry in found.location.entries] == [True] * len(X)
    assert not found.observations


@pytest.mark.parametrize("index", range(len(X)))
def test_a_wrong_entry_fails_and_is_located(index: int) -> None:
    spoil = spoil_entry((index,), 1.5)
    found = decided(logcosh, lambda x: spoil(np.tanh(x)))
    assert found.verdict is Verdict.FAIL
    assert found.location is not None
    assert [entry.index for entry in found.location.entries if entry.wrong] == [(index,)]


def test_an_error_that_is_certain_and_too_small_to_matter_is_tolerated() -> None:
    screening = screened(logcosh, lambda x: (1 + 2e-5) * np.tanh(x))
    found = decide(0, screening)
    assert found.verdict is Verdict.PASS
    assert found.location is not None
    assert found.location.materiality is Materiality.TOLERATED
    assert found.note.endswith("visible, but within the tolerance")
    beside = decide(0, screening, tolerated=Verdict.UNDECIDED)
    assert beside.verdict is Verdict.UNDECIDED
    assert beside.note == str(UndecidedReason.BESIDE_KINK)


TERMS = np.random.default_rng(0).standard_normal((50, 3))


def cancelling(b: Array) -> Array:
    """What rounding leaves of terms of size 1 whose sum is zero: it changes with the last bits of the parameters."""
    shifted = TERMS * (1 + b)
    return np.asarray((shifted - shifted.mean(axis=0)).sum(axis=0))


@pytest.mark.parametrize(
    ("claimed", "verdict"),
    [(cancelling, Verdict.PASS), (lambda b: 3e-14 * np.cosh(b), Verdict.FAIL)],
    ids=["round-off", "formula"],
)
def test_a_claim_that_is_round_off_passes_and_a_formula_of_its_size_fails(
    claimed: Callable[[Array], Array], verdict: Verdict
) -> None:
    """The loss does not depend on b, and is so small that a slope of 1e-14 would be seen."""
    prober = prober_of(
        lambda p: 1e-3 * float(np.sum(np.cosh(p["w"]) - 1.0)),
        lambda p: {"w": 1e-3 * np.sinh(p["w"]), "b": claimed(p["b"])},
        {"w": np.array([0.3, -0.2]), "b": np.array([0.1, 0.2, 0.3])},
    )
    screening = screen_block(prober, 1)
    assert screening.agreement is Agreement.DISAGREES
    found = decide(1, screening)
    assert found.verdict is verdict
    assert found.cancelled is (verdict is Verdict.PASS)
    assert bool(found.note) is (verdict is Verdict.PASS)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("height", "verdict"), [(0.0, Verdict.FAIL), (1e-1, Verdict.UNDECIDED)])
def test_a_loss_that_becomes_random_is_undecided_and_observed(height: float, verdict: Verdict, seed: int) -> None:
    rng, random = np.random.default_rng(seed), False

    def loss(x: Array) -> float:
        return logcosh(x) + (height * float(rng.normal()) if random else 0.0)

    screening = screened(loss, lambda x: 1.5 * np.tanh(x), seed=seed)
    random = True
    found = decide(0, screening)
    assert found.verdict is verdict
    assert [observation.slug for observation in found.observations] == ["nondeterministic"] * (height > 0)
    assert (found.note == str(UndecidedReason.UNSTEADY)) is (height > 0)
    assert found.screening is screening


@pytest.mark.parametrize("factor", [1.5, 2.0, 3.0])
def test_a_loss_that_is_random_from_the_beginning_needs_a_clearer_gap(factor: float) -> None:
    seen = set()
    for seed in range(6):
        rng = np.random.default_rng(seed)
        size = 1e-3 if seed % 2 else 1e-5
        prober = prober_of(
            lambda x: logcosh(x) + size * float(rng.normal()),  # noqa: B023
            lambda x: factor * np.tanh(x),
            X,
            budget=4000,
            seed=seed,
        )
        assert not prober.data.noise.steady
        screening = screen_block(prober, 0)
        if screening.agreement is Agreement.DISAGREES:
            clear, verdict = screening.comparison.clearness > 10, decide(0, screening).verdict
            assert verdict is (Verdict.FAIL if clear else Verdict.UNDECIDED)
            seen.add(clear)
    assert seen == {True, False}


def test_a_loss_that_only_seems_random_is_steady() -> None:
    found = decided(lambda x: logcosh(x) + 1e-9 * shake(x), lambda x: 1.5 * np.tanh(x))
    assert found.verdict is Verdict.FAIL
    assert not found.observations


def test_the_verdict_alone_takes_fewer_evaluations() -> None:
    costs = []
    for verdict_only in (True, False):
        screening = screened(logcosh, lambda x: 1.5 * np.tanh(x))
        before = screening.prober.evaluator.losses
        found = decide(0, screening, verdict_only=verdict_only)
        assert found.verdict is Verdict.FAIL
        costs.append(screening.prober.evaluator.losses - before)
    assert costs[0] < costs[1] / 1.5


@pytest.mark.parametrize("left", [0, 5, 10])
def test_a_gap_that_there_is_no_budget_to_repeat_is_undecided(left: int) -> None:
    used = screened(logcosh, lambda x: 1.5 * np.tanh(x)).prober.evaluator.losses
    found = decided(logcosh, lambda x: 1.5 * np.tanh(x), budget=used + left)
    assert (found.verdict, found.note) == (Verdict.UNDECIDED, str(UndecidedReason.SPENT))


def saturated(x: Array) -> float:
    """Cross-entropy of a class that does not occur, from its probability: near one it has steps."""
    return float(np.sum(-np.log(1.0 - 1.0 / (1.0 + np.exp(-x)))))


@pytest.mark.parametrize(
    ("start", "verdict", "note"), [(31.0, Verdict.UNDECIDED, str(UndecidedReason.STAIRCASE)), (2.0, Verdict.FAIL, "")]
)
def test_a_gap_on_a_staircase_is_undecided_and_one_off_it_fails(start: float, verdict: Verdict, note: str) -> None:
    factor = 1.0 if verdict is Verdict.UNDECIDED else 0.9
    found = decided(saturated, lambda z: factor / (1 + np.exp(-z)), np.array([start, 0.3]))
    assert (found.verdict, found.note) == (verdict, note)


@pytest.mark.parametrize(
    ("factor", "verdict", "note"),
    [(1.0, Verdict.UNDECIDED, str(UndecidedReason.SHORT)), (2.0, Verdict.FAIL, ""), (0.5, Verdict.FAIL, "")],
)
def test_a_feature_too_short_for_the_usual_steps_is_measured_by_shorter_ones(
    factor: float, verdict: Verdict, note: str
) -> None:
    width = 1e-8
    found = decided(
        lambda x: float(np.sum(x / np.sqrt(x * x + width**2))),
        lambda x: factor * width**2 / (x * x + width**2) ** 1.5,
        np.zeros(1),
    )
    assert (found.verdict, found.note) == (verdict, note)
    assert found.screening.prober.data.zoomed


@pytest.mark.parametrize("seed", range(120))
def test_shorter_steps_that_show_the_same_are_not_what_decides(seed: int) -> None:
    """Of a smooth loss. Along some directions the claim is far steeper than the slope, by chance (4% of them)."""
    wrong = np.array([1.0, 1.0, 1.0, 2.0])
    report = gradcheck.check_gradients(
        lambda x: float(np.sum(x**3)), lambda x: 3 * x**2 * wrong, np.linspace(1, 2, 4), rng=seed
    )
    assert report.verdict.value == "fail"
    assert report.findings[0].where == "x[3]"
    assert report.findings[0].message.endswith("1 of 4 entries is wrong")


@pytest.mark.parametrize("seed", range(4))
def test_a_gradient_with_a_smaller_domain_than_the_loss_is_not_called_wrong_from_outside(seed: int) -> None:
    """Steps that are long enough to see this loss leave the domain of its gradient."""

    def grad(x: Array) -> Array:
        if np.max(np.abs(x)) > 200.0:
            raise ValueError("outside")
        return np.asarray(1e-16 * np.exp(-(x**2)) * (1.0 - 2.0 * x**2))

    def fun(x: Array) -> float:
        return float(1.0 + 1e-16 * np.sum(x * np.exp(-(x**2))))

    report = gradcheck.check_gradients(fun, grad, np.array([0.4, 0.2, -0.3]), rng=seed)
    assert report.verdict.value != "fail"
