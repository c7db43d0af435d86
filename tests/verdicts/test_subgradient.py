from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import check_gradients
from tests.cases import Array, verdict


def absolute(x: Array) -> float:
    return float(np.sum(np.abs(x)))


def relu(x: Array) -> Array:
    return np.maximum(x, 0.0)


def at_zero(claim: float, factor: float = 1.0) -> Any:
    """The derivative of abs, with a claim of its own at 0."""
    return lambda x: np.where(x == 0, claim, factor * np.sign(x))


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("x0", [0.0, np.zeros(1), np.array([0.0, 1.5, -2.0])], ids=["float", "one", "three"])
@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        *((claim, "pass") for claim in (-1.0, -0.5, 0.0, 0.3, 1.0)),
        *((claim, "fail") for claim in (-1.5, -1.01, 1.01, 2.0)),
    ],
)
def test_claim_at_a_kink_must_be_a_subgradient(claim: float, expected: str, x0: Any, seed: int) -> None:
    assert verdict(absolute, at_zero(claim), x0, rng=seed) == expected


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        *((claim, {"pass"}) for claim in (0.0, 0.5, 1.0)),
        *((claim, {"fail"}) for claim in (-0.2, 1.2)),
        *((claim, {"fail", "undecided"}) for claim in (-0.02, 1.02)),
    ],
)
def test_the_ends_of_the_slopes_are_those_at_the_kink_itself(claim: float, expected: set[str], seed: int) -> None:
    """max(x, 0) - 5 x² has slopes from 0 to 1 at 0, and beside it only slopes between."""

    def loss(x: Array) -> float:
        return float(np.sum(relu(x) - 5 * x * x))

    def gradient(x: Array) -> Any:
        return np.where(x == 0, claim, (x > 0).astype(float)) - 10 * x

    assert verdict(loss, gradient, np.zeros(3), rng=seed) in expected


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("x0", [np.zeros(1), np.zeros(3), np.array([0.0, 1.5, -2.0])])
@pytest.mark.parametrize("factor", [-1.0, 2.0, 1.1])
def test_wrong_gradient_beside_a_kink_fails(factor: float, x0: Array, seed: int) -> None:
    assert verdict(absolute, at_zero(0.0, factor), x0, rng=seed) == "fail"


def difference(p: Array) -> float:
    return float(relu(p[0]) - relu(p[1]))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("factor", "expected"), [(1.0, {"pass"}), (1.2, {"fail", "undecided"}), (-1.0, {"fail", "undecided"})]
)
def test_two_kinks_that_cancel_along_a_line(factor: float, expected: set[str], seed: int) -> None:
    def gradient(p: Array) -> Array:
        return factor * np.array([float(p[0] > 0), -float(p[1] > 0)])

    assert verdict(difference, gradient, np.zeros(2), rng=seed) in expected


class Hidden:
    """One hidden layer of ReLU units, many of them at exactly zero."""

    def __init__(self, factor: float = 1.0, derivative_at_zero: float = 0.0) -> None:
        rng = np.random.default_rng(0)
        self.inputs, self.targets = rng.standard_normal((12, 4)), rng.standard_normal((12, 2))
        self.inputs[::3] = 0.0  # with a bias of zero: exactly on the kink of every unit
        self.params = {"W": rng.standard_normal((4, 16)), "b": np.zeros(16), "V": rng.standard_normal((16, 2))}
        self.factor, self.at_zero = factor, derivative_at_zero

    def loss(self) -> tuple[float, dict[str, Array]]:
        z = self.inputs @ self.params["W"] + self.params["b"]
        gap = relu(z) @ self.params["V"] - self.targets
        slope = np.where(z == 0, self.at_zero, (z > 0).astype(float))
        delta = (gap @ self.params["V"].T) * slope
        gradients = {"W": self.inputs.T @ delta, "b": self.factor * delta.sum(axis=0), "V": relu(z).T @ gap}
        return 0.5 * float(np.sum(gap**2)), gradients


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("derivative", "expected"), [(0.0, {"pass"}), (0.5, {"pass", "undecided"}), (1.0, {"pass", "undecided"})]
)
def test_units_at_exactly_zero_are_no_mistake(derivative: float, expected: set[str], seed: int) -> None:
    assert verdict(Hidden(derivative_at_zero=derivative), rng=seed) in expected


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("factor", [-1.0, 0.0, 1.1])
def test_mistake_among_units_at_exactly_zero_is_found(factor: float, seed: int) -> None:
    report = check_gradients(Hidden(factor), rng=seed)
    assert report.verdict.value == "fail"
    assert report.blocks["W"].verdict.value == "pass"
    assert report.blocks["V"].verdict.value == "pass"


@pytest.mark.parametrize("seed", range(4))
def test_kinks_of_several_blocks_are_settled_together(seed: int) -> None:
    report = check_gradients(Hidden(), rng=seed)
    assert report
    assert report.evaluations <= 40
    assert report.gradients <= 48  # sixteen units, each on a kink of its own


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("factor", "expected"), [(1.0, "pass"), (0.999, "fail")])
def test_kink_seen_at_steps_over_which_the_loss_bends(factor: float, expected: str, seed: int) -> None:
    """The loss bends much faster than its kinks stand out: short steps tell its one-sided slopes."""

    def loss(x: Array) -> float:
        return float(np.sum(np.exp(8 * np.abs(x))))

    def gradient(x: Array) -> Array:
        return np.asarray(factor * np.sign(x) * 8 * np.exp(8 * np.abs(x)))

    assert verdict(loss, gradient, np.array([0.0, 1.0, 0.0, -0.8]), rng=seed) == expected


@pytest.mark.parametrize("distance", [1e-2, 1e-4, 1e-6])
@pytest.mark.parametrize(("factor", "expected"), [(1.0, "pass"), (1.01, "fail"), (-1.0, "fail"), (0.0, "fail")])
def test_point_close_to_a_kink(distance: float, factor: float, expected: str) -> None:
    for x in (distance, -distance):
        assert verdict(absolute, lambda y: factor * np.sign(y), np.array([x, 1.0, -2.0])) == expected


@pytest.mark.parametrize(("factor", "never"), [(1.0, "fail"), (-1.0, "pass"), (0.5, "pass")])
@pytest.mark.parametrize("distance", [1e-9, 1e-12, 1e-15])
def test_point_hardly_off_a_kink_gives_no_false_verdict(distance: float, factor: float, never: str) -> None:
    x0 = np.array([distance, 1.0, -2.0])
    assert verdict(absolute, lambda x: factor * np.sign(x), x0) != never


@pytest.mark.parametrize("distance", [1e-4, 1e-7])
def test_point_close_to_a_kink_of_typical_size(distance: float) -> None:
    def loss(x: Array) -> float:
        return float(np.sum(np.abs(x - 1.0)))

    x0 = np.array([1.0 + distance, 1.0 - distance, 2.0])
    assert verdict(loss, lambda x: np.sign(x - 1.0), x0) == "pass"
    assert verdict(loss, lambda x: np.abs(np.sign(x - 1.0)), x0) == "fail"


def test_kink_is_named_in_the_note() -> None:
    assert "subgradient" in check_gradients(absolute, at_zero(0.5), np.zeros(3), rng=0).blocks["x"].note


@pytest.mark.parametrize(("claim", "expected"), [(lambda x: np.ones_like(x), "fail"), (np.zeros_like, "fail")])
def test_constant_claim_at_a_kink_fails(claim: Any, expected: str) -> None:
    assert verdict(absolute, claim, np.zeros(4)) == expected


@pytest.mark.parametrize(("winner", "expected"), [(0, "pass"), (1, "pass"), (None, "pass"), (2, "fail")])
def test_tie_of_a_maximum(winner: int | None, expected: str) -> None:
    """At a tie the gradient of max may pick any of the tied entries, or share; a third entry it may not pick."""

    def gradient(x: Array) -> Array:
        tied = np.asarray(x == x.max(), dtype=float)
        if tied.sum() == 1 or winner is None:
            return np.asarray(tied / tied.sum())
        return np.asarray(np.eye(3)[winner])

    assert verdict(lambda x: float(x.max()), gradient, np.array([1.0, 1.0, 0.5])) == expected


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("slope", [0.7, -1.3, 2.9, 11.0])
@pytest.mark.parametrize("bend", [0.5, -0.8, 3.0])
def test_the_slope_of_one_side_is_a_subgradient_though_its_measurement_has_an_error(
    slope: float, bend: float, seed: int
) -> None:
    """Zero on the left, and slope · x + bend · x² on the right: the end of the interval is known to an error only."""

    def loss(x: Array) -> float:
        return float(np.sum(np.where(x > 0, slope * x + bend * x**2, 0.0)) + 3.0)

    def claiming(value: float) -> Any:
        return lambda x: np.where(x == 0, value, np.where(x > 0, slope + 2 * bend * x, 0.0))

    for right in (slope, 0.0):
        assert verdict(loss, claiming(right), np.zeros(1), rng=seed) == "pass"
    assert verdict(loss, claiming(1.03 * slope), np.zeros(1), rng=seed) == "fail"
    assert verdict(loss, claiming(-0.03 * slope), np.zeros(1), rng=seed) == "fail"


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("slope", [0.7, -1.3, 11.0])
@pytest.mark.parametrize("frequency", [1e2, 1e4, 1e5])
def test_a_side_that_bends_within_a_short_distance_excuses_no_claim(frequency: float, slope: float, seed: int) -> None:
    """Zero on the left, and a fast sine on the right: gradients around the point are not those at the point."""

    def loss(x: Array) -> float:
        right = slope * np.sin(frequency * np.maximum(x, 0.0)) / frequency
        return float(np.sum(np.where(x > 0, right, 0.0)) + 3.0 * np.cos(x).sum())

    def claiming(value: float) -> Any:
        return lambda x: (
            np.where(x == 0, value, np.where(x > 0, slope * np.cos(frequency * np.maximum(x, 0.0)), 0.0))
            - 3.0 * np.sin(x)
        )

    for right in (slope, 0.0, slope / 2):
        assert verdict(loss, claiming(right), np.zeros(1), rng=seed) != "fail"
    for wrong in (1.03 * slope, -0.03 * slope):
        assert verdict(loss, claiming(wrong), np.zeros(1), rng=seed) != "pass"
    assert verdict(loss, claiming(2 * slope), np.zeros(1), rng=seed) != "pass"


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("curvature", [1.0, 50.0, -500.0])
@pytest.mark.parametrize(
    ("claim", "factor", "expected"),
    [
        (0.0, 1.0, "pass"),
        (0.5, 1.0, "pass"),
        (1.0, 1.0, "pass"),
        (3.0, 1.0, "fail"),
        (-1.0, 1.0, "fail"),
        (0.5, 1.1, "fail"),
        (1.0, -1.0, "fail"),
    ],
)
def test_a_kink_where_the_loss_bends_as_well(
    claim: float, factor: float, expected: str, curvature: float, size: int
) -> None:
    """A rectifier and a parabola at zero: the slope beside the kink is not the one at a small distance from it."""

    def loss(x: Array) -> float:
        return float(np.sum(np.maximum(x, 0.0) - curvature * x * x))

    def gradient(x: Array) -> Array:
        return np.where(x == 0, claim, factor * ((x > 0) - 2 * curvature * x))

    found = check_gradients(loss, gradient, np.zeros(size), rng=0).verdict.value
    assert found == expected or (factor != 1.0 and found == "undecided")
