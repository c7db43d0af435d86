from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import check_gradients
from gradcheck.verdicts.verdict import Verdict
from tests.cases import Array, SoftmaxRegression, codes, logcosh, spoil_entry, typical_index, verdict
from tests.probers import X

CASE = SoftmaxRegression()
TYPICAL = typical_index(CASE.gradient(CASE.start)["W"])

MISTAKES: dict[str, Callable[[Array], Array]] = {
    "sign": lambda g: -g,
    "twice": lambda g: 2 * g,
    "half": lambda g: g / 2,
    "zero": lambda g: 0 * g,
    "0.1% too large": lambda g: 1.001 * g,
    "0.01% too small": lambda g: g * (1 - 1e-4),
    "one entry 1%": spoil_entry(TYPICAL, 1.01),
    "one entry 0.01%": spoil_entry(TYPICAL, 1 + 1e-4),
    "one entry zero": spoil_entry(TYPICAL, 0.0),
    "one entry of wrong sign": spoil_entry(TYPICAL, -1.0),
    "rows swapped": lambda g: g[[1, 0, 2, 3]],
    "sum in place of mean": lambda g: g * len(CASE.inputs),
    "constant added": lambda g: g + 0.01,
}
HARMLESS: dict[str, Callable[[Array], Array]] = {
    "unchanged": lambda g: g,
    "rounded to single precision": lambda g: g.astype(np.float32),
    "all entries 1e-7": lambda g: g * (1 + 1e-7),
    "one entry 1e-6": spoil_entry(TYPICAL, 1 + 1e-6),
}


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_mistake_fails_in_its_block_only(mistake: Callable[[Array], Array], seed: int) -> None:
    report = check_gradients(CASE.loss, CASE.spoiled("W", mistake), CASE.start, rng=seed)
    assert {name: block.verdict.value for name, block in report.blocks.items()} == {"W": "fail", "b": "pass"}
    assert not report


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS.keys())
def test_change_below_the_tolerance_passes(change: Callable[[Array], Array], seed: int) -> None:
    assert verdict(CASE.loss, CASE.spoiled("W", change), CASE.start, rng=seed) == "pass"


A: Array = np.random.default_rng(5).standard_normal((4, 4))
SQUARE: Array = np.random.default_rng(6).standard_normal((4, 4))


@pytest.mark.parametrize(("matrix", "expected"), [(A, "fail"), (A + A.T, "pass")], ids=["general", "symmetric"])
def test_transposed_gradient(matrix: Array, expected: str) -> None:
    assert verdict(lambda x: float(np.sum(matrix * x)), lambda x: matrix, SQUARE) == "pass"
    assert verdict(lambda x: float(np.sum(matrix * x)), lambda x: matrix.T, SQUARE) == expected


@pytest.mark.parametrize(("in_loss", "in_gradient"), [(0.0, 0.01), (0.01, 0.0), (0.01, 0.02), (0.01, 0.01)])
def test_penalty_in_one_of_both_fails(in_loss: float, in_gradient: float) -> None:
    def loss(p: dict[str, Array]) -> float:
        return CASE.loss(p) + 0.5 * in_loss * float(np.sum(p["W"] ** 2))

    def gradient(p: dict[str, Array]) -> dict[str, Array]:
        found = CASE.gradient(p)
        return {**found, "W": found["W"] + in_gradient * p["W"]}

    assert verdict(loss, gradient, CASE.start) == ("pass" if in_loss == in_gradient else "fail")


@pytest.mark.parametrize("unit", [1e-30, 1e-8, 1.0, 1e8, 1e30])
@pytest.mark.parametrize(("factor", "expected"), [(1.0, "pass"), (1.001, "fail")])
def test_unit_of_the_loss_does_not_matter(unit: float, factor: float, expected: str) -> None:
    assert verdict(lambda x: unit * logcosh(x), lambda x: unit * factor * np.tanh(x), SQUARE) == expected


@pytest.mark.parametrize("unit", [1e-305, 1e-200, 1e200, 1e300])
@pytest.mark.parametrize(("factor", "never"), [(1.0, "fail"), (1.001, "pass"), (-1.0, "pass")])
def test_unit_at_the_end_of_the_range_gives_no_false_verdict(unit: float, factor: float, never: str) -> None:
    assert verdict(lambda x: unit * logcosh(x), lambda x: unit * factor * np.tanh(x), SQUARE) != never


@pytest.mark.parametrize("unit", [1e-30, 1e-8, 1e8, 1e30])
@pytest.mark.parametrize(("factor", "expected"), [(1.0, "pass"), (1.001, "fail")])
def test_unit_of_the_parameters_does_not_matter(unit: float, factor: float, expected: str) -> None:
    assert verdict(lambda x: logcosh(x / unit), lambda x: factor * np.tanh(x / unit) / unit, unit * SQUARE) == expected


@pytest.mark.parametrize("constant", [1e4, -1e4])
@pytest.mark.parametrize(("factor", "expected"), [(1.0, "pass"), (1.01, "fail")])
def test_constant_in_the_loss(constant: float, factor: float, expected: str) -> None:
    assert verdict(lambda x: logcosh(x) + constant, lambda x: factor * np.tanh(x), SQUARE) == expected


@pytest.mark.parametrize("constant", [1e13, 1e14, 1e15, 1e17])
@pytest.mark.parametrize("factor", [-1.0, 1.01, 2.0, 100.0])
def test_wrong_gradient_drowned_by_a_constant_never_passes(constant: float, factor: float) -> None:
    report = check_gradients(lambda x: logcosh(x) + constant, lambda x: factor * np.tanh(x), SQUARE, rng=0)
    assert report.verdict.value in {"fail", "undecided"}
    assert report.verdict.value == "fail" or report.blocks["x"].note


@pytest.mark.parametrize("constant", [1e13, 1e14, 1e15, 1e17])
def test_right_gradient_drowned_by_a_constant_never_fails(constant: float) -> None:
    assert verdict(lambda x: logcosh(x) + constant, np.tanh, SQUARE) != "fail"


@pytest.mark.parametrize("constant", [0.0, 1.0, 1e4])
@pytest.mark.parametrize("slope", [1e-6, 1e-3])
def test_zero_claimed_for_a_small_slope_never_passes(constant: float, slope: float) -> None:
    def loss(x: Array) -> float:
        return constant + slope * float(np.sum(np.sin(x)))

    found = verdict(loss, np.zeros_like, SQUARE)
    assert found != "pass"
    if constant <= 1.0:
        assert found == "fail"


@pytest.mark.parametrize("constant", [0.0, 1.0, 1e4])
def test_zero_claimed_for_a_constant_loss_passes(constant: float) -> None:
    assert verdict(lambda x: constant, np.zeros_like, SQUARE) == "pass"


def test_minimum_passes_and_a_wrong_claim_there_fails() -> None:
    x0 = np.array([1.0, -2.0, 3.0])
    assert verdict(lambda x: float(np.sum((x - x0) ** 2)), lambda x: 2 * (x - x0), x0) == "pass"
    assert verdict(lambda x: float(np.sum((x - x0) ** 2)), lambda x: 2 * (x - x0) + 1e-3, x0) == "fail"
    assert verdict(lambda x: float(np.sum((x - x0) ** 2)), lambda x: 3 * (x - x0), x0) == "fail"


def test_all_zero_parameters() -> None:
    assert verdict(logcosh, np.tanh, np.zeros(6)) == "pass"
    assert verdict(logcosh, lambda x: 2 * np.tanh(x), np.zeros(6)) == "fail"


@pytest.mark.parametrize(
    ("power", "claim", "expected"),
    [
        (3, lambda x: 3 * x**2, "pass"),
        (3, lambda x: 2 * x**2, "fail"),
        (4, lambda x: 4 * x**3, "pass"),
        (4, lambda x: 0 * x, "fail"),
    ],
)
def test_flat_point_does_not_hide_a_mistake(power: int, claim: Any, expected: str) -> None:
    assert verdict(lambda x: float(np.sum(x**power)), claim, np.zeros(3)) == expected


class Normalised:
    """Weights and a bias before a normalisation, which removes the bias: its gradient is zero but for rounding."""

    def __init__(self, bias_claim: float = 0.0, factor: float = 1.0) -> None:
        rng = np.random.default_rng(0)
        self.inputs, self.targets = rng.standard_normal((30, 4)), rng.standard_normal((30, 3))
        self.params = {"W": rng.standard_normal((4, 3)), "b": rng.standard_normal(3)}
        self.bias_claim, self.factor = bias_claim, factor

    def loss(self) -> tuple[float, dict[str, Array]]:
        z = self.inputs @ self.params["W"] + self.params["b"]
        deviation = z.std(axis=0)
        y = (z - z.mean(axis=0)) / deviation
        back = (y - self.targets) / y.size
        delta = (back - back.mean(axis=0) - y * (back * y).mean(axis=0)) / deviation
        gradients = {"W": self.factor * self.inputs.T @ delta, "b": delta.sum(axis=0) + self.bias_claim}
        return 0.5 * float(np.mean((y - self.targets) ** 2)), gradients


def test_claim_of_rounding_noise_for_a_block_without_effect_passes() -> None:
    model = Normalised()
    assert np.max(np.abs(model.loss()[1]["b"])) < 1e-15
    report = check_gradients(model, rng=0)
    assert report
    assert report.blocks["b"].verdict.value == "pass"


@pytest.mark.parametrize(("bias_claim", "factor", "block"), [(1e-3, 1.0, "b"), (1e-6, 1.0, "b"), (0.0, 1.001, "W")])
def test_mistake_next_to_a_block_without_effect_fails(bias_claim: float, factor: float, block: str) -> None:
    report = check_gradients(Normalised(bias_claim, factor), rng=0)
    assert [name for name, found in report.blocks.items() if found.verdict.value == "fail"] == [block]


@pytest.mark.parametrize("size", [21, 10**6])
def test_passing_check_costs_the_same_whatever_the_size(size: int) -> None:
    calls = {"loss": 0, "gradient": 0}

    def loss(x: Array) -> float:
        calls["loss"] += 1
        return logcosh(x)

    def gradient(x: Array) -> Array:
        calls["gradient"] += 1
        return np.tanh(x)

    report = check_gradients(loss, gradient, np.random.default_rng(0).standard_normal(size), rng=0)
    assert report
    assert calls["loss"] <= 40
    assert calls["gradient"] <= 2
    assert (report.evaluations, report.gradients) == (calls["loss"], calls["gradient"])


def test_blocks_of_very_different_gradients() -> None:
    x0 = {"large": np.linspace(1, 2, 6), "small": np.linspace(1, 2, 6)}

    def loss(p: dict[str, Array]) -> float:
        return 1e3 * logcosh(p["large"]) + 1e-3 * logcosh(p["small"])

    def claim(factor: float) -> Callable[[dict[str, Array]], dict[str, Array]]:
        return lambda p: {"large": 1e3 * np.tanh(p["large"]), "small": factor * 1e-3 * np.tanh(p["small"])}

    assert verdict(loss, claim(1.0), x0) == "pass"
    assert verdict(loss, claim(1.01), x0) == "fail"


def test_gradient_that_is_right_at_the_point_only_fails() -> None:
    frozen = CASE.gradient(CASE.start)
    report = check_gradients(CASE.loss, lambda p: frozen, CASE.start, rng=0)
    assert report.verdict.value == "fail"
    assert "generic point" in report.blocks["W"].where


def test_a_generic_point_is_tried_where_the_budget_allows_it_and_not_beyond_it() -> None:
    frozen = np.tanh(X)
    assert check_gradients(logcosh, lambda x: frozen, X, rng=0, budget=90).verdict.value == "fail"
    small = check_gradients(logcosh, np.tanh, X, rng=0, budget=20)
    assert small
    assert small.evaluations <= 20
    assert any("only your point was checked" in note for note in small.notes)


def dropout(rng: np.random.Generator) -> Callable[[Array], float]:
    """Drops half of the terms at each call and doubles the others, so that the mean is the loss itself."""
    return lambda x: float(np.sum(2 * rng.integers(0, 2, x.shape) * np.logaddexp(x, -x)))


def noisy(size: float) -> Callable[[np.random.Generator], Callable[[Array], float]]:
    return lambda rng: lambda x: logcosh(x) + size * rng.normal()


def jumping(rng: np.random.Generator) -> Callable[[Array], float]:
    """Off by one at every twentieth call, so that the first calls may well agree."""
    return lambda x: logcosh(x) + float(rng.random() < 0.05)


RANDOM = {"dropout": dropout, "noise 1": noisy(1.0), "noise 1e-6": noisy(1e-6), "jumps": jumping}


@pytest.mark.parametrize("make", RANDOM.values(), ids=RANDOM.keys())
def test_loss_that_is_random_makes_no_right_gradient_wrong(make: Any) -> None:
    for seed in range(40):
        report = check_gradients(make(np.random.default_rng(1000 + seed)), np.tanh, SQUARE, rng=seed)
        assert report.verdict.value != "fail", f"seed {seed}\n{report}"


@pytest.mark.parametrize("make", [dropout, noisy(1.0), noisy(1e-6)], ids=["dropout", "noise 1", "noise 1e-6"])
@pytest.mark.parametrize("factor", [1.0, 1.5, -1.0])
def test_loss_that_is_random_is_reported_and_passes_no_gradient(make: Any, factor: float) -> None:
    report = check_gradients(make(np.random.default_rng(0)), lambda x: factor * np.tanh(x), SQUARE, rng=0)
    assert "GC503" in {finding.code for finding in report.findings}
    assert factor == 1.0 or report.verdict.value != "pass"


def test_wrong_sign_under_strong_noise_never_passes() -> None:
    noise = np.random.default_rng(0)
    assert verdict(lambda x: logcosh(x) + 1e-3 * noise.normal(), lambda x: -np.tanh(x), SQUARE) != "pass"


@pytest.mark.parametrize("factor", [1.0, 1.5], ids=["right", "wrong"])
def test_gradient_call_that_changes_the_loss_is_reported(factor: float) -> None:
    class Drifting:
        """Normalises by a running mean that the gradient updates."""

        def __init__(self) -> None:
            self.params = {"W": np.array([0.5, -1.0, 2.0])}
            self.running = 1.0

        def loss(self) -> float:
            return self.running * logcosh(self.params["W"])

        def gradient(self) -> dict[str, Array]:
            found = self.running * np.tanh(self.params["W"])
            self.running *= 1.1
            return {"W": factor * found}

    report = check_gradients(Drifting(), rng=0)
    assert report.verdict.value != ("fail" if factor == 1.0 else "pass")
    assert "GC503" in {finding.code for finding in report.findings}
    assert "before the gradient is computed" in report.findings[-1].evidence


def shuffled_sum(seed: int) -> Callable[[Array], float]:
    order = np.random.default_rng(seed)
    return lambda x: float(np.cumsum(order.permutation(np.logaddexp(x, -x)))[-1])


@pytest.mark.parametrize("seed", range(3))
def test_rounding_that_changes_from_call_to_call_is_silent(seed: int) -> None:
    x0 = np.random.default_rng(9).standard_normal(300)
    loss = shuffled_sum(seed)
    assert len({loss(x0) for _ in range(50)}) > 1
    report = check_gradients(shuffled_sum(seed), np.tanh, x0, rng=seed)
    assert report
    assert report.findings == ()
    assert verdict(shuffled_sum(seed), lambda x: 1.001 * np.tanh(x), x0, rng=seed) == "fail"


def test_deterministic_loss_has_no_findings() -> None:
    assert codes(CASE.loss, CASE.gradient, CASE.start) == set()


DOMAINS: dict[str, tuple[Callable[[Array], float], Callable[[Array], Array], float]] = {
    "log": (lambda x: float(np.log(x).sum()), lambda x: 1 / x, 1e-6),
    "log beside 1": (lambda x: float(np.log(x - 1).sum()), lambda x: 1 / (x - 1), 1 + 1e-6),
    "sqrt": (lambda x: float(np.sqrt(x).sum()), lambda x: 0.5 / np.sqrt(x), 1e-6),
    "sqrt beside 1": (lambda x: float(np.sqrt(x - 1).sum()), lambda x: 0.5 / np.sqrt(x - 1), 1 + 1e-6),
    "arcsin": (lambda x: float(np.arcsin(x).sum()), lambda x: 1 / np.sqrt(1 - x**2), 1 - 1e-6),
}


def strict(loss: Callable[[Array], float]) -> Callable[[Array], float]:
    """Raise outside the domain, as `math` does."""

    def raising(x: Array) -> float:
        value = loss(x)
        if not np.isfinite(value):
            raise ValueError("math domain error")
        return value

    return raising


@pytest.mark.parametrize("wrap", [lambda f: f, strict], ids=["NaN outside", "raises outside"])
@pytest.mark.parametrize(("loss", "gradient", "x"), DOMAINS.values(), ids=DOMAINS.keys())
def test_edge_of_the_domain(wrap: Any, loss: Any, gradient: Any, x: float) -> None:
    right = check_gradients(wrap(loss), gradient, np.array([x]), rng=0)
    lie = check_gradients(wrap(loss), lambda y: 1.1 * gradient(y), np.array([x]), rng=0)
    assert right.verdict.value != "fail"
    assert lie.verdict.value != "pass"
    for report in (right, lie):
        assert report.verdict.value != "undecided" or report.blocks["x"].note


def test_undecided_block_says_why() -> None:
    step = check_gradients(lambda x: float(np.floor(x * 1e6).sum()), np.zeros_like, SQUARE, rng=0)
    assert step.verdict.value != "pass"
    assert step.verdict.value == "fail" or step.blocks["x"].note


@pytest.mark.parametrize("seed", range(30))
def test_a_loss_of_zero_all_around_has_the_gradient_zero(seed: int) -> None:
    """A squared hinge whose margins are all kept."""
    rng = np.random.default_rng(seed)
    inputs, w = rng.standard_normal((6, 3)), rng.standard_normal(3)
    labels = np.sign(inputs @ w)
    w *= 3 / np.abs(inputs @ w).min()

    def missed(w: Any) -> Any:
        return np.maximum(0, 1 - labels * (inputs @ w))

    report = check_gradients(
        lambda w: float(np.sum(missed(w) ** 2)), lambda w: inputs.T @ (-2 * labels * missed(w)), w, rng=seed
    )
    assert report, str(report)
    assert "also check at a point where it changes" in str(report).replace("\n", " ")
    wrong = check_gradients(
        lambda w: float(np.sum(missed(w) ** 2)), lambda w: inputs.T @ (-2 * labels * missed(w)) + 0.1, w, rng=seed
    )
    assert not wrong


@pytest.mark.parametrize("edge", [1.25, 1.3, 2.0])
def test_where_all_units_are_dead_the_gradient_zero_is_right(edge: float) -> None:
    """The loss is constant up to where the first unit wakes up: a bend there is no noise."""
    point = np.linspace(0.3, 1.2, 5)

    def loss(x: Any) -> float:
        return 1.2345 + float(np.sum(np.maximum(x - edge, 0.0)))

    for seed in range(30):
        report = check_gradients(loss, lambda x: 1.0 * (x > edge), point, rng=seed)
        assert report, str(report)
        assert any("also check at a point where it changes" in note for note in report.notes)
        assert not check_gradients(loss, lambda x: 1.0 * (x > edge) + 1e-3, point, rng=seed)


Gradient = Callable[[Any], Any]

ROWS = np.array([[1.0, 2.0], [2.0, -0.5], [0.5, 3.0]])

#: Losses that are constant around a point as far as steps reach, and their right gradients.
CONSTANT_NEARBY: dict[str, tuple[Callable[[Any], float], Gradient, Any]] = {
    "rectifier": (lambda x: float(np.maximum(x, 0).sum()), lambda x: 1.0 * (x > 0), np.array([-1.0, -2.0, -0.5])),
    "hinge": (
        lambda w: float(np.maximum(0, 1 - ROWS @ w).sum()),
        lambda w: -ROWS.T @ (1.0 * (ROWS @ w < 1)),
        np.array([3.0, 2.0]),
    ),
    "clip": (
        lambda x: float((np.clip(x, -1, 1) ** 2).sum()),
        lambda x: 2 * x * (abs(x) < 1),
        np.array([3.0, -2.0]),
    ),
    "maximum": (
        lambda x: float(np.maximum(x, [1.0, 2.0]).sum()),
        lambda x: 1.0 * (x > np.array([1.0, 2.0])),
        np.array([0.5, -1.0]),
    ),
    "one dead unit": (
        lambda x: float((np.maximum(x, 0) ** 2).sum()),
        lambda x: 2 * np.maximum(x, 0),
        np.array([-1.0, 2.0, -0.5, 0.7]),
    ),
    "single precision": (
        lambda x: float(np.maximum(x, np.float32(0)).sum(dtype=np.float32)),
        lambda x: (x > 0).astype(np.float32),
        np.array([-1, -2, -0.5], np.float32),
    ),
}


@pytest.mark.parametrize("name", CONSTANT_NEARBY)
@pytest.mark.parametrize("seed", range(8))
def test_where_the_loss_is_constant_a_claim_that_is_not_zero_is_wrong(name: str, seed: int) -> None:
    """The bend at which it starts to change is no noise of the values around the point."""
    loss, gradient, point = CONSTANT_NEARBY[name]
    assert check_gradients(loss, gradient, point, rng=seed, diagnose=False)
    for size in (1e-3, 1.0):

        def wrong(x: Any, size: float = size) -> Any:
            return (gradient(x) + size * (gradient(x) == 0)).astype(x.dtype)

        lie = check_gradients(loss, wrong, point, rng=seed, diagnose=False)
        assert lie.verdict is Verdict.FAIL, str(lie)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0, 1.5])
@pytest.mark.parametrize("seed", range(6))
def test_a_unit_on_its_kink_among_dead_ones_has_any_valid_share(share: float, seed: int) -> None:
    """Clarke's subdifferential of max(x, 0) at 0 is [0, 1]."""
    report = check_gradients(
        lambda x: float(np.maximum(x, 0).sum()),
        lambda x: (x > 0) + share * (x == 0),
        np.array([0.0, -1.0, -0.3]),
        rng=seed,
        diagnose=False,
    )
    assert report.verdict is (Verdict.PASS if share <= 1.0 else Verdict.FAIL), str(report)


@pytest.mark.parametrize("grid", [1e-2, 1e-3])
@pytest.mark.parametrize("seed", range(4))
def test_a_loss_that_is_rounded_is_not_constant(grid: float, seed: int) -> None:
    """The right gradient of what is rounded, at a place where rounded values are equal: it is not called wrong."""
    x = np.array([0.3, 0.9, -1.2])
    for rounded in (
        lambda x: float(np.sum(np.sin(np.round(x / grid) * grid))),
        lambda x: float(np.sum(np.round(np.sin(x) / grid) * grid)),
        lambda x: float(np.round(np.sum(np.sin(x)) / grid) * grid),
    ):
        assert check_gradients(rounded, np.cos, x, rng=seed, diagnose=False).verdict is not Verdict.FAIL


def test_where_a_zero_gradient_is_wrong_nearby_a_dead_point_does_not_excuse_it() -> None:
    point = np.linspace(0.3, 1.2, 5)
    verdicts = {
        check_gradients(lambda x: 1.0 + float(np.sum(np.maximum(x - 1.3, 0.0))), np.zeros_like, point, rng=seed).verdict
        for seed in range(30)
    }
    assert Verdict.UNDECIDED in verdicts


@pytest.mark.parametrize("digits", [2, 4, 6])
def test_a_loss_that_is_printed_and_read_again_does_not_make_zero_right(digits: int) -> None:
    """Flat at the point, and a staircase from there on."""
    for seed in range(20):
        report = check_gradients(lambda x: round(float(np.sum(x**2)), digits), np.zeros_like, SQUARE, rng=seed)
        assert report.verdict is Verdict.FAIL


def test_a_staircase_is_neither_right_nor_wrong_by_its_treads() -> None:
    for seed in range(20):
        report = check_gradients(lambda x: float(np.floor(10 * x).sum()), np.zeros_like, SQUARE + 0.013, rng=seed)
        assert report.verdict is Verdict.UNDECIDED


def test_every_entry_is_asked_for_where_the_verdict_alone_is_wanted() -> None:
    """The check ends at the first block that is wrong; of those after it nothing is known."""
    model = SoftmaxRegression()
    wrong = model.spoiled("W", np.negative)
    report = check_gradients(model.loss, wrong, model.start, entries=True, diagnose=False, rng=0)
    assert report.verdict is Verdict.FAIL
    right = check_gradients(model.loss, model.gradient, model.start, entries=True, diagnose=False, rng=0)
    assert [len(block.entries) for block in right.blocks.values()] == [12, 3]


@pytest.mark.parametrize("factor", [1.0, 0.5])
def test_a_claim_in_single_precision_of_entries_of_all_sizes(factor: float) -> None:
    """The rounding of the claim beside its largest entry says nothing of how near the claim is."""
    x = np.array([2.6, 4.8, -2.0]), np.array([6.6e-4, 3.4e2, 2.0e-8, 7.4e14], dtype=np.float32)
    weights = np.array([-0.7, 0.6, 0.3]), np.array([0.4, -0.3, 0.2, 1e-14])

    def loss(p: Any) -> float:
        return float(np.sin(sum(np.sum(w * a.astype(float)) for w, a in zip(weights, p, strict=True))))

    def gradient(p: Any) -> Any:
        slope = factor * np.cos(sum(np.sum(w * a.astype(float)) for w, a in zip(weights, p, strict=True)))
        return slope * weights[0], (slope * weights[1]).astype(np.float32)

    report = check_gradients(loss, gradient, x, rng=0)
    assert report.verdict is (Verdict.PASS if factor == 1 else Verdict.FAIL)
    if factor == 1:
        for block in report.blocks.values():
            assert block.error_bar < 1e-3
            assert block.resolution is not None
            assert block.resolution < 0.1
