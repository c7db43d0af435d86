"""At a tie every entry of a claim can lie between the slopes on either side of it, and the claim be no subgradient."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import Report, Verdict, check_gradients
from tests.cases import Array, logcosh, verdict

Claim = Callable[[Array], Array]


def chosen(tied: Array, count: float, how: str) -> Array:
    """A subgradient of the sum of `count` entries where any of the tied ones serve, or a wrong claim for it."""
    number = int(tied.sum())
    places = np.flatnonzero(tied)
    found = np.zeros(tied.shape)
    if how == "first":
        found.flat[places[: int(count)]] = 1.0
    elif how == "last":
        found.flat[places[-int(count) :]] = 1.0
    elif how == "shared":
        found[tied] = count / number
    elif how == "all":
        found[tied] = 1.0
    else:
        assert how == "none"
    return found


# -- maxima ------------------------------------------------------------------------------------------------------------

CONVENTIONS = [("first", "pass"), ("last", "pass"), ("shared", "pass"), ("all", "fail"), ("none", "fail")]


def tied_maximum(tied: int) -> Array:
    return np.concatenate([np.full(tied, 1.5), [0.3, -0.4, 1.1]])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("tied", [2, 3, 20])
@pytest.mark.parametrize(("how", "expected"), CONVENTIONS)
def test_the_shares_of_tied_maxima_add_up_to_one(how: str, expected: str, tied: int, seed: int) -> None:
    def claim(x: Array) -> Array:
        return chosen(np.asarray(x == x.max()), 1, how)

    assert verdict(lambda x: float(x.max()), claim, tied_maximum(tied), rng=seed) == expected


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("share_a", "share_b", "expected"),
    [
        (1.0, 0.0, "pass"),
        (0.0, 1.0, "pass"),
        (0.5, 0.5, "pass"),
        (0.3, 0.7, "pass"),
        (1.0, 1.0, "fail"),
        (0.0, 0.0, "fail"),
    ],
)
@pytest.mark.parametrize("size", [1, 6])
def test_the_shares_of_two_tied_blocks_add_up_to_one(
    share_a: float, share_b: float, expected: str, size: int, seed: int
) -> None:
    weights = np.linspace(0.5, 2.0, size)

    def loss(p: dict[str, Array]) -> float:
        return float(weights @ np.maximum(p["a"], p["b"]))

    def claim(p: dict[str, Array]) -> dict[str, Array]:
        tied, a = p["a"] == p["b"], (p["a"] > p["b"]).astype(float)
        b = 1.0 - a - tied
        return {"a": weights * (a + share_a * tied), "b": weights * (b + share_b * tied)}

    x = np.linspace(-1.0, 1.2, size)
    report = check_gradients(loss, claim, {"a": x, "b": x.copy()}, rng=seed)
    assert report.verdict.value == expected
    if expected == "fail":
        assert "no subgradient" in " ".join(block.note for block in report.blocks.values())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("how", "expected"), CONVENTIONS)
def test_the_largest_modulus_of_tied_entries(how: str, expected: str, seed: int) -> None:
    """The L∞ norm: the shares of the tied entries, each with its sign, add up to one."""

    def claim(x: Array) -> Array:
        return np.asarray(np.sign(x) * chosen(np.abs(x) == np.abs(x).max(), 1, how))

    x0 = np.array([2.0, -2.0, 0.7, 2.0, -1.1])
    assert verdict(lambda x: float(np.abs(x).max()), claim, x0, rng=seed) == expected


# -- sums of the largest, medians, sorted entries ----------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("how", "expected"), CONVENTIONS)
def test_the_sum_of_the_largest_of_entries_that_are_all_tied(how: str, expected: str, seed: int) -> None:
    """Of eight tied entries three count, but for which three is free."""

    def loss(x: Array) -> float:
        return float(np.sort(x)[-3:].sum())

    def claim(x: Array) -> Array:
        if np.ptp(x) == 0:
            return chosen(np.ones(x.shape, dtype=bool), 3, how)
        found = np.zeros_like(x)
        found[np.argsort(x)[-3:]] = 1.0
        return found

    assert verdict(loss, claim, np.full(8, 0.9), rng=seed) == expected


def median_gradient(x: Array) -> Array:
    found = np.zeros_like(x)
    found[np.argsort(x, kind="stable")[x.size // 2]] = 1.0
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("claimed", "expected"), [(None, "pass"), (1.0, "fail"), (0.0, "fail")])
def test_the_median_of_entries_that_are_all_tied(claimed: float | None, expected: str, seed: int) -> None:
    def claim(x: Array) -> Array:
        return np.full_like(x, claimed) if claimed is not None and np.ptp(x) == 0 else median_gradient(x)

    assert verdict(lambda x: float(np.median(x)), claim, np.full(5, -0.8), rng=seed) == expected


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("how", "expected"), [("stable", "pass"), ("largest", "fail"), ("zero", "fail")])
def test_sorted_entries_with_weights_where_all_are_tied(how: str, expected: str, seed: int) -> None:
    """Each tied entry has one of the weights; that all have the largest, or none, is no subgradient."""
    weights = np.array([0.2, 0.5, 1.0, 2.0])

    def claim(x: Array) -> Array:
        if np.ptp(x) == 0 and how != "stable":
            return np.full_like(x, weights.max() if how == "largest" else 0.0)
        found = np.empty_like(x)
        found[np.argsort(x, kind="stable")] = weights
        return found

    assert verdict(lambda x: float(weights @ np.sort(x)), claim, np.full(4, 1.2), rng=seed) == expected


# -- pooling -----------------------------------------------------------------------------------------------------------


def windows(x: Array) -> Array:
    """The entries of each two by two window of a square image."""
    n = x.shape[0] // 2
    return x.reshape(n, 2, n, 2).transpose(0, 2, 1, 3).reshape(n * n, 4)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("how", "expected"), [*CONVENTIONS])
def test_max_pooling_of_a_constant_image(how: str, expected: str, seed: int) -> None:
    weights = np.array([0.7, -1.2, 0.4, 2.0])

    def loss(x: Array) -> float:
        return float(weights @ windows(x).max(axis=1))

    def claim(x: Array) -> Array:
        w = windows(x)
        rows = [weights[i] * chosen(np.asarray(w[i] == w[i].max()), 1, how) for i in range(4)]
        return np.asarray(np.array(rows).reshape(2, 2, 2, 2).transpose(0, 2, 1, 3).reshape(4, 4))

    assert verdict(loss, claim, np.full((4, 4), 0.6), rng=seed) == expected


# -- norms -------------------------------------------------------------------------------------------------------------


def norm_with(at_zero: Claim) -> Claim:
    return lambda x: np.asarray(x / np.linalg.norm(x)) if np.any(x) else at_zero(x)


def euclidean(x: Array) -> float:
    return float(np.linalg.norm(x))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("size", [2, 5, 20])
@pytest.mark.parametrize(
    ("at_zero", "expected"),
    [
        (np.zeros_like, "pass"),
        (lambda x: np.eye(x.size)[0], "pass"),
        (lambda x: np.full_like(x, 1 / math.sqrt(x.size)), "pass"),
        (np.ones_like, "fail"),
        (lambda x: 2.0 * np.eye(x.size)[0], "fail"),
    ],
    ids=["zero", "axis", "unit", "ones", "twice"],
)
def test_subgradients_of_a_norm_at_zero_are_no_longer_than_one(
    at_zero: Claim, expected: str, size: int, seed: int
) -> None:
    assert verdict(euclidean, norm_with(at_zero), np.zeros(size), rng=seed) == expected


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("factor", "expected"), [(1.0, "pass"), (2.0, "fail"), (-1.0, "fail")])
def test_the_nuclear_norm_of_a_matrix_of_low_rank(factor: float, expected: str, seed: int) -> None:
    """Its usual subgradient is U @ V, of the singular vectors that have a singular value."""
    rng = np.random.default_rng(seed)
    x0 = rng.standard_normal((4, 2)) @ rng.standard_normal((2, 3))

    def claim(x: Array) -> Array:
        u, s, v = np.linalg.svd(x, full_matrices=False)
        kept = s > 1e-12 * s[0]
        return np.asarray(factor * u[:, kept] @ v[kept])

    found = verdict(lambda x: float(np.linalg.svd(x, compute_uv=False).sum()), claim, x0, rng=seed)
    assert found == expected or (factor == 1.0 and found == "undecided")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("jump", "expected"), [(0.0, "pass"), (1.0, "pass"), (-1.0, "pass"), (0.5, "pass"), (2.0, "fail"), (-1.5, "fail")]
)
def test_total_variation_of_a_constant_signal(jump: float, expected: str, seed: int) -> None:
    """The derivative of |x₁ - x₀| at 0 is any number from -1 to 1, the same for every difference here."""

    def claim(x: Array) -> Array:
        steps = np.diff(x)
        signs = np.where(steps == 0, jump, np.sign(steps))
        return np.asarray(np.concatenate([[0.0], signs]) - np.concatenate([signs, [0.0]]))

    assert verdict(lambda x: float(np.abs(np.diff(x)).sum()), claim, np.full(6, 0.4), rng=seed) == expected


# -- single kinks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("claimed", "expected"), [(0.0, "pass"), (1.0, "pass"), (-0.5, "pass"), (1.5, "fail")])
def test_the_modulus_of_zeros(claimed: float, expected: str, seed: int) -> None:
    def claim(x: Array) -> Array:
        return np.where(x == 0, claimed, np.sign(x))

    x0 = np.array([0.0, 0.0, 0.0, 1.0, -2.0])
    assert verdict(lambda x: float(np.abs(x).sum()), claim, x0, rng=seed) == expected


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("claimed", "expected"), [(0.0, "pass"), (-0.5, "pass"), (-1.0, "pass"), (1.0, "fail"), (-2.0, "fail")]
)
def test_hinge_losses_exactly_on_the_margin(claimed: float, expected: str, seed: int) -> None:
    """Two of five margins are exactly one; the derivative of max(0, 1 - m) there is between -1 and 0."""
    rows = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 2.0], [-1.0, 0.5], [0.25, 0.25]])

    def loss(w: Array) -> float:
        return float(np.maximum(0.0, 1.0 - rows @ w).sum())

    def claim(w: Array) -> Array:
        margin = rows @ w
        return np.asarray(rows.T @ np.where(margin == 1.0, claimed, -(margin < 1.0).astype(float)))

    assert verdict(loss, claim, np.ones(2), rng=seed) == expected


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("at_zero", "expected"), [(0.0, "pass"), (0.5, "pass"), (1.0, "pass"), (2.0, "fail")])
def test_relu_at_zero(at_zero: float, expected: str, seed: int) -> None:
    weights = np.array([1.0, -0.5, 2.0, 0.7])

    def claim(x: Array) -> Array:
        return np.asarray(weights * np.where(x == 0, at_zero, (x > 0).astype(float)))

    x0 = np.array([0.0, 0.0, 1.0, -1.0])
    assert verdict(lambda x: float(weights @ np.maximum(x, 0.0)), claim, x0, rng=seed) == expected


def mixed(seed: int) -> tuple[Callable[[Array], float], Callable[[float], Claim], Array]:
    """Thirty ReLU units of twelve parameters, of both signs, all exactly on their kinks at the point."""
    rng = np.random.default_rng(seed)
    rows, signs = rng.integers(-3, 4, (30, 12)).astype(float), rng.choice([-1.0, 1.0], 30)
    x0 = rng.integers(1, 5, 12) / 4.0
    offsets = rows @ x0  # whole quarters: without rounding

    def loss(x: Array) -> float:
        return float(signs @ np.maximum(rows @ x - offsets, 0.0) + 0.5 * x @ x)

    def claim(at_zero: float) -> Claim:
        def gradient(x: Array) -> Array:
            z = rows @ x - offsets
            return np.asarray(rows.T @ (signs * np.where(z == 0, at_zero, (z > 0).astype(float))) + x)

        return gradient

    return loss, claim, x0


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("at_zero", [0.0, 0.5, 1.0])
def test_usual_conventions_on_many_kinks_of_both_signs_are_not_called_wrong(at_zero: float, seed: int) -> None:
    loss, claim, x0 = mixed(seed)
    assert verdict(loss, claim(at_zero), x0, rng=seed) != "fail"


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("at_zero", [-20.0, 20.0])
def test_gross_claims_on_many_kinks_of_both_signs_do_not_pass(at_zero: float, seed: int) -> None:
    loss, claim, x0 = mixed(seed)
    assert verdict(loss, claim(at_zero), x0, rng=seed) != "pass"


# -- what a report says ------------------------------------------------------------------------------------------------


def on_a_tie(how: str) -> Report:
    return check_gradients(
        lambda x: float(x.max()), lambda x: chosen(np.asarray(x == x.max()), 1, how), tied_maximum(3), rng=0
    )


def test_a_pass_on_a_kink_states_neither_gap_nor_resolution() -> None:
    found = on_a_tie("shared").blocks["x"]
    assert found.verdict is Verdict.PASS
    assert found.resolution is None
    assert found.block_resolution is None
    assert math.isnan(found.relative_error)
    smooth = check_gradients(logcosh, np.tanh, tied_maximum(3), rng=0).blocks["x"]
    assert smooth.resolution is not None
    assert smooth.resolution > 0
    assert math.isfinite(smooth.relative_error)


def test_a_refuted_claim_is_explained_by_the_slopes_around_the_point() -> None:
    assert "no subgradient" in on_a_tie("all").blocks["x"].note
    assert "no subgradient" not in on_a_tie("first").blocks["x"].note


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("threshold", "expected"), [(1e-9, "fail"), (0.0, "pass")])
def test_a_claim_that_is_zero_at_zeros_of_a_smooth_loss(threshold: float, expected: str, seed: int) -> None:
    """The loss has no kink at all, only the claim has."""
    target = np.array([0.5, -1.0, 0.8, 2.0])

    def claim(w: Array) -> Array:
        return np.where(np.abs(w) < threshold, 0.0, w - target)

    w0 = np.array([0.0, 0.7, 0.0, -1.3])
    assert verdict(lambda w: 0.5 * float(np.sum((w - target) ** 2)), claim, w0, rng=seed) == expected


def test_a_given_array_on_a_tie_is_not_passed_unseen() -> None:
    """One array tells nothing of the gradients around the point."""
    x0, wrong = tied_maximum(3), np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    assert verdict(lambda x: float(x.max()), wrong, x0) != "pass"
    found: Any = verdict(lambda x: float(x.max()), np.array([1.0, 0.0, 0.0, 0.0, 0.0, 0.0]), x0)
    assert found != "fail"


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("width", [1e-12, 1e-14])
def test_a_slope_that_is_right_in_a_very_small_neighbourhood_is_not_called_wrong(width: float, seed: int) -> None:
    """A parameter of 1e-13 beside some of order one: the loss bends as closely to it, far within the steps."""

    def fun(x: Array) -> float:
        return float(np.sum(np.cos(x[1:])) + width * np.arctan(x[0] / width))

    def grad(x: Array) -> Array:
        return np.append(1.0 / (1.0 + (x[0] / width) ** 2), -np.sin(x[1:]))

    x0 = np.array([0.1 * width, 0.4, 1.3, -0.8])
    assert gradcheck.check_gradients(fun, grad, x0, rng=seed).verdict.value != "fail"


@pytest.mark.parametrize("seed", range(3))
def test_a_claim_that_is_wrong_at_the_very_point_alone_still_is(seed: int) -> None:
    x0 = np.array([0.3, 0.4, 1.3, -0.8])

    def grad(x: Array) -> Array:
        return -np.sin(x) * np.where(x == x0, 1.5, 1.0)

    report = gradcheck.check_gradients(lambda x: float(np.sum(np.cos(x))), grad, x0, rng=seed)
    assert report.verdict.value == "fail"


@pytest.mark.parametrize(("size", "window"), [(8, 2), (12, 3), (16, 2)])
@pytest.mark.parametrize(
    ("how", "expected"), [("all", "fail"), ("most", "fail"), ("first", "pass"), ("shared", "pass")]
)
def test_max_pooling_of_a_constant_image_with_weights_of_both_signs(
    how: str, expected: str, size: int, window: int
) -> None:
    """The gradients around the point span three quarters of all directions, or more."""
    cells = size // window
    weights = np.random.default_rng(0).standard_normal((cells, cells))

    def windows(x: Array) -> Array:
        return x.reshape(cells, window, cells, window).transpose(0, 2, 1, 3).reshape(cells**2, window**2)

    def loss(x: Array) -> float:
        return float(weights.ravel() @ windows(x).max(axis=1))

    def claim(x: Array) -> Array:
        tied = windows(x) == windows(x).max(axis=1, keepdims=True)
        share = {"all": tied, "most": 0.6 * tied, "shared": tied / tied.sum(axis=1, keepdims=True)}
        first = np.eye(window**2)[tied.argmax(axis=1)]
        g = share.get(how, first) * weights.ravel()[:, None]
        return np.asarray(g.reshape(cells, cells, window, window).transpose(0, 2, 1, 3).reshape(size, size))

    for seed in range(3):
        assert verdict(loss, claim, np.ones((size, size)), rng=seed) == expected
