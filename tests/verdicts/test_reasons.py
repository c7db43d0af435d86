"""An undecided report is false, and says what would decide it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import Report, check_gradients
from gradcheck.differences.estimate import Status
from gradcheck.verdicts.reasons import UndecidedReason
from gradcheck.verdicts.verdict import Verdict
from tests.cases import logcosh

X = np.linspace(-1.0, 2.0, 12)
NOISE = np.random.default_rng(0)


def drowned(x: Any) -> float:
    return logcosh(x) + 1e13


def random(x: Any) -> float:
    return logcosh(x) + float(NOISE.normal())


def doubled(x: Any) -> Any:
    return 2 * np.tanh(x)


#: Loss, claim, options, what is said to do, and what then decides: loss, claim, options, verdict.
CASES: dict[str, tuple[Any, Any, dict[str, Any], str, tuple[Any, Any, dict[str, Any], str]]] = {
    "constant": (drowned, np.tanh, {}, "Remove a large constant from the loss", (logcosh, np.tanh, {}, "pass")),
    "random": (random, np.tanh, {}, "Fix the random seed of the loss", (logcosh, np.tanh, {}, "pass")),
    "budget": (logcosh, doubled, {"budget": 20}, "larger budget", (logcosh, doubled, {"budget": 2000}, "fail")),
}


def words(report: Report) -> str:
    return " ".join(str(report).split())


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_is_said_to_decide_it_does(case: Any) -> None:
    loss, claim, options, remedy, (other_loss, other_claim, other_options, verdict) = case
    report = check_gradients(loss, claim, X, rng=0, **options)
    assert report.verdict is Verdict.UNDECIDED
    assert not report
    assert remedy in words(report)
    assert check_gradients(other_loss, other_claim, X, rng=0, **other_options).verdict.value == verdict


def test_blocks_with_one_reason_are_told_of_together() -> None:
    def loss(p: Any) -> float:
        return drowned(p["a"]) + logcosh(p["b"])

    report = check_gradients(loss, lambda p: {k: np.tanh(v) for k, v in p.items()}, {"a": X, "b": X}, rng=3)
    assert "a, b: a small error in one entry of this block would change the loss by less than the rounding" in words(
        report
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("loss", "claim", "reason"),
    [
        (lambda x: 1e3 + 1e-20 * logcosh(x), lambda x: 1e-20 * np.tanh(x), UndecidedReason.FAINT.value),
        (lambda x: 1e3 + 1e-9 * logcosh(x), lambda x: 1e-9 * np.tanh(x), UndecidedReason.COARSE.value),
    ],
    ids=["whole", "small-error"],
)
def test_it_says_what_hides_a_block(loss: Any, claim: Any, reason: str, seed: int) -> None:
    """The change of the loss by 1e-17 is below its rounding, the one by 1e-9 is not, but a small part of it is."""
    report = check_gradients(loss, claim, X, rng=seed)
    assert report.verdict is Verdict.UNDECIDED
    assert reason in words(report)


@pytest.mark.parametrize("budget", range(20, 50, 6))
def test_a_budget_that_ends_is_not_a_loss_that_differs(budget: int) -> None:
    def loss(p: Any) -> float:
        return sum(logcosh(x) for x in p.values())

    def wrong(p: Any) -> Any:
        return {name: doubled(x) for name, x in p.items()}

    report = check_gradients(loss, wrong, {"a": X, "b": X[:5], "c": X[3:]}, rng=0, budget=budget)
    assert report.verdict is Verdict.UNDECIDED
    assert "not the same at each call" not in words(report)


@pytest.mark.parametrize("doubt", UndecidedReason)
def test_every_doubt_has_a_remedy(doubt: UndecidedReason) -> None:
    assert doubt.remedy.endswith(".")
    assert str(doubt) == f"{doubt.value}. {doubt.remedy}"


@pytest.mark.parametrize("status", Status)
def test_every_status_has_advice(status: Status) -> None:
    assert ":" in status.advice


def test_a_line_says_what_matters() -> None:
    wrong = check_gradients(logcosh, doubled, X, rng=6)
    assert wrong.line == "fail: logcosh in x: GC102 constant-factor (rng=6)"
    assert check_gradients(logcosh, np.tanh, X, rng=6).line == "pass: logcosh (rng=6)"
    assert check_gradients(drowned, np.tanh, X, rng=6).line == "undecided: drowned in x (rng=6)"


def test_part_of_a_report_is_about_one_block() -> None:
    def gradient(p: Any) -> Any:
        return {"w": 2 * np.tanh(p["w"]), "w2": -np.tanh(p["w2"]), "b": np.tanh(p["b"])}

    point = {"w": X, "w2": X + 0.25, "b": X + 0.5}
    report = check_gradients(lambda p: sum(logcosh(v) for v in p.values()), gradient, point, rng=0)
    part = {name: report.of_block(name) for name in point}
    assert [finding.slug for finding in part["w"].findings] == ["constant-factor"]
    assert [finding.slug for finding in part["w2"].findings] == ["sign-flipped"]
    assert part["b"]
    assert part["b"].findings == ()
    assert [list(each.blocks) for each in part.values()] == [["w"], ["w2"], ["b"]]
