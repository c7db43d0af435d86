"""Slopes are measured to their error bars; a prober remembers the step that served and nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from gradcheck.differences.estimate import Status
from gradcheck.differences.settings import EPSILON
from gradcheck.probes.line import Line
from gradcheck.probes.place import Place
from gradcheck.probes.point import LossNoise
from gradcheck.probes.prober import Prober
from gradcheck.probes.steps import StepPolicy
from gradcheck.subjects.spaces.numpy_space import NUMPY
from gradcheck.subjects.spaces.space import Band, Interval
from tests.cases import Array, logcosh
from tests.probers import AB, RTOL, X, by_block, prober_of, shake, total


def true_slope(line: Line, gradient: Array) -> float:
    return float(np.sum(gradient * NUMPY.array(line.direction, 0)))


# -- slopes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_a_slope_is_measured_to_its_error_bar(seed: int) -> None:
    prober = prober_of(logcosh, np.tanh, X, seed=seed)
    line = prober.line()
    found = prober.measure(line)
    exact = true_slope(line, np.tanh(X))
    assert found.estimate.status is Status.CONVERGED
    assert abs(found.estimate.value - exact) <= found.estimate.error <= found.tolerance
    assert found.claimed == pytest.approx(exact, rel=1e-13)
    assert found.agrees


@pytest.mark.parametrize("factor", [1.001, 0.999, -1.0, 0.5])
def test_a_wrong_claim_leaves_the_measured_slope_as_it_is(factor: float) -> None:
    right, wrong = (prober_of(logcosh, lambda x, f=f: f * np.tanh(x), X, seed=3) for f in (1.0, factor))
    line = wrong.line()
    found = wrong.measure(line)
    assert found.disagrees
    assert not right.measure(right.line()).disagrees
    assert abs(found.estimate.value - true_slope(line, np.tanh(X))) <= found.estimate.error


@pytest.mark.parametrize("index", range(len(X)))
def test_an_entry_is_measured_on_its_own(index: int) -> None:
    prober = prober_of(logcosh, np.tanh, X, seed=1)
    found, line, length = prober.entry(0, (index,))
    moved = NUMPY.array(line.direction, 0)
    assert list(np.flatnonzero(moved)) == [index]
    assert moved[index] == length
    assert abs(found.estimate.value / length - math.tanh(X[index])) <= found.estimate.error / abs(length) < 1e-4
    assert found.norm == pytest.approx(abs(math.tanh(X[index]) * length), abs=found.estimate.error, rel=0)
    assert found.tolerance == pytest.approx(RTOL * found.norm)


def test_an_entry_far_smaller_than_its_block_is_judged_by_the_block() -> None:
    weights = np.array([1e-7, 1.0, 1.0])
    prober = prober_of(lambda x: float(weights @ np.sinh(x)), lambda x: weights * np.cosh(x), np.ones(3))
    small, _, length = prober.entry(0, (0,))
    assert small.norm > 100 * weights[0] * math.cosh(1.0) * abs(length)
    ordinary, _, length = prober.entry(0, (1,))
    assert ordinary.norm == pytest.approx(math.cosh(1.0) * abs(length))


def test_an_entry_is_decided_under_noise_by_few_values() -> None:
    """An entry that is off by twice the tolerance is told from a right one, though noise is 1e-7 of the loss."""
    spent = []
    for seed in range(12):
        for factor in (1.0, 1 + 2 * RTOL):
            claim = np.tanh(X) * np.where(np.arange(len(X)) == 1, factor, 1.0)
            noisy = prober_of(lambda x: logcosh(x) + 1e-7 * shake(x), lambda x, c=claim: c, X, seed=seed)
            before = noisy.evaluator.losses
            found, _, _ = noisy.entry(0, (1,))
            assert found.agrees if factor == 1.0 else found.disagrees
            spent.append(noisy.evaluator.losses - before)
    assert float(np.mean(spent)) <= 10


def test_a_forgotten_gradient_of_a_few_noises_is_seen_by_few_values() -> None:
    """Along a line the loss changes by about 60 times its noise over the typical size."""
    wrong, spent = 0, []
    for seed in range(20):
        steep = 48e-9
        noisy = prober_of(
            lambda x, s=steep: 1 + s * float(np.sum(np.sin(x - X))) + 3e-10 * shake(x), np.zeros_like, X, seed=seed
        )
        before = noisy.evaluator.losses
        wrong += noisy.measure(noisy.line()).disagrees
        spent.append(noisy.evaluator.losses - before)
    assert wrong >= 16
    assert float(np.mean(spent)) <= 9


def test_what_remains_of_a_claim_of_zero_is_its_rounding() -> None:
    prober = prober_of(logcosh, np.tanh, X)
    line = prober.line()
    estimate = prober.measure(line).estimate
    live, zero = (prober.compared(line, estimate, zero=zero) for zero in (False, True))
    assert zero.rounding >= abs(line.claimed.value)
    assert live.rounding < 1e-12 * abs(line.claimed.value)


def test_a_measurement_spends_no_more_than_is_left() -> None:
    calls = 0

    def loss(x: Array) -> float:
        nonlocal calls
        calls += 1
        return logcosh(x) + 1e-9 * shake(x)

    prober = prober_of(loss, np.tanh, X, budget=20)
    for _ in range(4):
        found = prober.measure(prober.line())
    assert calls <= 20
    assert found.estimate.status is Status.SPENT
    assert found.error_bar == math.inf


# -- the step that served ----------------------------------------------------------------------------------------------


def exponent(step: float) -> int:
    return math.frexp(step)[1] - 1


def test_the_next_slope_starts_from_the_step_that_served() -> None:
    prober = prober_of(logcosh, np.tanh, X)
    first = prober.measure(prober.line(), start=-4).estimate
    second = prober.measure(prober.line()).estimate
    assert second.start == exponent(first.step)
    assert first.start == -4


def test_a_copy_starts_there_too_and_what_it_learns_is_its_own() -> None:
    prober = prober_of(logcosh, np.tanh, X)
    served = exponent(prober.measure(prober.line(), start=-4).estimate.step)
    assert prober.again().measure(prober.line()).estimate.start == served
    copy = prober.again()
    moved = exponent(copy.measure(copy.line(), start=-16).estimate.step)
    assert moved != served
    assert copy.measure(copy.line()).estimate.start != served
    assert prober.measure(prober.line()).estimate.start == served


def test_a_copy_with_other_data_steps_or_numbers_changes_nothing_of_the_original() -> None:
    prober = prober_of(logcosh, np.tanh, X)
    data, policy, rng = prober.data, prober.policy, prober.rng
    other = prober.again(
        data=data.with_noise(LossNoise(1e-3)), policy=StepPolicy(12, start=-7), rng=np.random.default_rng(9)
    )
    assert (other.data.noise.level, other.policy.bits) == (1e-3, 12)
    assert other.measure(other.line()).estimate.start == -7
    assert prober.data is data
    assert prober.policy is policy
    assert prober.rng is rng
    assert prober.evaluator is other.evaluator


def test_a_slope_that_did_not_converge_is_not_remembered() -> None:
    prober = prober_of(lambda x: float(np.abs(x).sum()), np.sign, np.array([0.0, 1.0, 2.0]))
    first = prober.policy.first_step
    kink = prober.measure(prober.line_along({0: Interval(0, 1)}), start=-9).estimate
    assert kink.status not in (Status.CONVERGED, Status.NOISY)
    smooth = prober.line_along({0: Interval(1, 3)})
    level, tolerance = prober.data.noise.level, RTOL * smooth.claimed.small
    assert prober.measure(smooth).estimate.start in range(first(level, tolerance) - 1, first(level, tolerance) + 2)


# -- noise -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1e-12, 1e-9, 1e-6])
@pytest.mark.parametrize("seed", range(4))
def test_noise_of_known_size_is_measured(size: float, seed: int) -> None:
    """Uniform noise of this size has a deviation of size/√3; the bound is 4.5 deviations or a few times more."""
    noise = prober_of(lambda x: logcosh(x) + size * shake(x), np.tanh, X, seed=seed).data.noise
    assert 1.5 * size < noise.level < 12 * size
    assert noise.loud
    assert noise.steady


def test_rounding_is_quiet() -> None:
    noise = prober_of(logcosh, np.tanh, X).data.noise
    assert EPSILON * logcosh(X) <= noise.level < 64 * EPSILON * logcosh(X)
    assert not noise.loud


def test_noise_that_was_known_counts_still() -> None:
    prober = prober_of(logcosh, np.tanh, X).with_noise(LossNoise(1e-3, steady=False))
    assert prober.measured_noise().level == 1e-3
    assert not prober.measured_noise().steady


@pytest.mark.parametrize(
    ("loss", "constant", "stepped"),
    [
        (lambda x: 3.0, True, False),
        (lambda x: float(np.floor(x).sum()), False, True),
        (lambda x: float(np.maximum(np.abs(x) - 1.0, 0.0).sum()), True, False),  # leaves its value by a bend
        (lambda x: float(np.cosh(x).sum()), False, False),
    ],
    ids=["constant", "staircase", "flat-bottom", "curve"],
)
def test_a_loss_that_does_not_change_is_constant_or_a_staircase(
    loss: Callable[[Array], float], constant: bool, stepped: bool
) -> None:
    noise = prober_of(loss, np.zeros_like, np.array([0.5, 0.25])).data.noise
    assert (noise.constant, noise.stepped) == (constant, stepped)


def test_nothing_is_constant_where_the_claim_is_not_zero() -> None:
    noise = prober_of(lambda x: 3.0, np.ones_like, np.array([0.5, 0.25])).data.noise
    assert not noise.constant
    assert not noise.stepped


# -- one block alone ---------------------------------------------------------------------------------------------------


def loud_b(p: dict[str, Array]) -> float:
    """Block b shakes the loss by 1e-6, block a does not."""
    return logcosh(p["a"]) + logcosh(p["b"]) + 1e-6 * shake(p["b"])


def test_a_quiet_prober_serves_every_block() -> None:
    prober = prober_of(total(logcosh), by_block(np.tanh), AB)
    assert prober.for_block(0) is prober
    assert prober.for_block(1) is prober


def test_where_noise_is_loud_each_block_has_its_own() -> None:
    prober = prober_of(loud_b, by_block(np.tanh), AB)
    assert prober.data.noise.loud
    quiet, loud = prober.for_block(0), prober.for_block(1)
    assert not quiet.data.noise.loud
    assert quiet.data.noise.level < 1e-12
    assert loud.data.noise.loud
    assert loud.data.noise.level == prober.data.noise.level
    assert prober.for_block(0) is quiet


def test_the_only_block_and_an_unsteady_loss_have_no_other_prober() -> None:
    single = prober_of(lambda x: logcosh(x) + 1e-6 * shake(x), np.tanh, X)
    assert single.data.noise.loud
    assert single.for_block(0) is single
    unsteady = prober_of(loud_b, by_block(np.tanh), AB)
    unsteady = unsteady.with_noise(LossNoise(1e-6, steady=False, loud=True))
    assert unsteady.for_block(0) is unsteady


# -- other points ------------------------------------------------------------------------------------------------------


def test_a_displaced_prober_knows_loss_and_claim_there() -> None:
    here = prober_of(logcosh, np.tanh, X)
    shift = (np.array([1.0, -2.0, 0.5, 0.0, 3.0]),)
    there = here.displaced(shift, 0.25, Place.GENERIC)
    assert there is not None
    np.testing.assert_array_equal(there.data.point[0], X + 0.25 * shift[0])
    assert there.data.value == logcosh(X + 0.25 * shift[0])
    np.testing.assert_array_equal(there.data.claim[0], np.tanh(X + 0.25 * shift[0]))
    assert (there.data.place, here.data.place) == (Place.GENERIC, Place.USER)
    np.testing.assert_array_equal(here.data.point[0], X)


def raising(x: Array) -> Array:
    raise ValueError("no gradient here")


@pytest.mark.parametrize(
    ("loss", "gradient"),
    [
        (lambda x: math.nan, np.tanh),
        (lambda x: math.inf, np.tanh),
        (raising, np.tanh),
        (logcosh, raising),
        (logcosh, lambda x: np.full_like(x, np.nan)),
        (logcosh, lambda x: np.append(np.tanh(x[1:]), np.inf)),
    ],
    ids=["nan", "infinite", "raises", "gradient-raises", "gradient-nan", "gradient-infinite"],
)
def test_there_is_no_prober_where_loss_or_gradient_is_not_finite(
    loss: Callable[[Array], float], gradient: Callable[[Array], Array]
) -> None:
    shift = (np.ones_like(X),)

    def away(f: Callable[[Array], object], g: Callable[[Array], object]) -> Callable[[Array], object]:
        return lambda x: f(x) if x[0] <= X[0] else g(x)

    here = prober_of(away(logcosh, loss), away(np.tanh, gradient), X)
    assert here.displaced(shift, 0.5, Place.GENERIC) is None
    assert here.displaced(shift, -0.5, Place.GENERIC) is not None


def test_a_displaced_point_fits_the_types_of_the_user() -> None:
    x0 = X.astype(np.float32)
    here = prober_of(logcosh, np.tanh, x0)
    there = here.displaced((np.full_like(X, 1 / 3),), 1.0, Place.GENERIC)
    assert there is not None
    np.testing.assert_array_equal(there.data.point[0], there.data.point[0].astype(np.float32))
    assert (there.data.point[0] != here.data.point[0]).all()


@pytest.mark.parametrize("step", [0.25, -0.125])
def test_the_claim_beside_the_point_is_that_at_the_offset(step: float) -> None:
    prober = prober_of(logcosh, np.tanh, X)
    line = prober.line()
    v = NUMPY.array(line.direction, 0)
    assert prober.claimed_beside(line, step) == pytest.approx(float(np.tanh(X + step * v) @ v), rel=1e-13)


@pytest.mark.parametrize("gradient", [raising, lambda x: np.full_like(x, np.nan)], ids=["raises", "nan"])
def test_there_is_no_claim_beside_the_point_where_it_cannot_be_computed(gradient: Callable[[Array], Array]) -> None:
    prober = prober_of(logcosh, lambda x: np.tanh(x) if np.array_equal(x, X) else gradient(x), X)
    line = prober.line()
    assert prober.claimed_beside(line, 0.25) is None
    assert prober.claimed_beside(line, 0.0) is not None


def test_a_part_of_a_line_moves_its_entries_alone() -> None:
    prober: Prober = prober_of(logcosh, np.tanh, X)
    line = prober.line()
    part = prober.part_of(line, 0, Interval(1, 3))
    whole, moved = NUMPY.array(line.direction, 0), NUMPY.array(part.direction, 0)
    np.testing.assert_allclose(moved, np.where([False, True, True, False, False], whole, 0.0), rtol=1e-6)
    assert part.claimed.value == pytest.approx(float(np.tanh(X[1:3]) @ whole[1:3]), rel=1e-6)


def test_a_part_of_a_line_may_be_its_entries_of_the_largest_effects() -> None:
    prober: Prober = prober_of(logcosh, np.tanh, X)
    line = prober.line()
    part = prober.part_of(line, 0, Band(1.0, np.inf))
    large = np.abs(X * np.tanh(X)) >= 1.0
    np.testing.assert_allclose(
        NUMPY.array(part.direction, 0), np.where(large, NUMPY.array(line.direction, 0), 0.0), rtol=1e-6
    )


#: A block of the usual size, and one of other units.
MIXED = {"a": np.array([2.0, -1.3, 0.7]), "b": 1e11 * np.array([1.3, -0.8])}


def of_mixed_units(claim: float, slope: float) -> Prober:
    """A loss with some slope by the first block, and a claim for it."""

    def fun(p: dict[str, Array]) -> float:
        return float(0.4 + slope * np.sum(np.tanh(p["a"])) + 1e-3 * np.sum(np.sin(p["b"] / 1e11)))

    def grad(p: dict[str, Array]) -> dict[str, Array]:
        return {"a": claim / np.cosh(p["a"]) ** 2, "b": 1e-3 * np.cos(p["b"] / 1e11) / 1e11}

    return prober_of(fun, grad, MIXED)


@pytest.mark.parametrize(
    ("claim", "slope", "hidden"), [(1e-19, 1e-19, True), (1e-19, 0.0, True), (1e-3, 0.0, False), (1e-3, -1e-3, False)]
)
def test_a_claim_that_no_step_of_its_own_size_could_show_is_out_of_sight(
    claim: float, slope: float, hidden: bool
) -> None:
    """The typical size of a block in which nothing is seen is that of others: 1e11 here, where tanh has long ended."""
    prober = of_mixed_units(claim, slope)
    line = prober.line([0])
    found = prober.measure(line)
    assert found.significant or hidden
    assert prober.is_out_of_sight(line, found) is hidden


def test_a_right_claim_is_in_sight_where_the_loss_moves() -> None:
    prober = of_mixed_units(1e-3, 1e-3)
    line = prober.line([0])
    assert not prober.is_out_of_sight(line, prober.measure(line))


@pytest.mark.parametrize(("claim", "distance", "away"), [(1e-19, 2.0**-10, True), (1e-19, 1e-12, False)])
def test_a_displacement_by_the_typical_size_of_others_leads_away(claim: float, distance: float, away: bool) -> None:
    prober = of_mixed_units(claim, claim)
    shift = prober.subject.space.random_shift(prober.data.scaling, prober.rng, least=0.5)
    assert prober.leads_away(shift, distance) is away


@pytest.mark.parametrize("distance", [2.0**-10, 2.0**-7, 0.5])
def test_a_displacement_by_a_part_of_the_parameters_does_not(distance: float) -> None:
    """Blocks of zeros have no size of their own, and are as large as others of the usual size."""
    zeros = prober_of(total(logcosh), by_block(np.tanh), {"a": np.zeros(5), "b": X})
    for prober in (zeros, of_mixed_units(1e-3, 1e-3)):
        shift = prober.subject.space.random_shift(prober.data.scaling, prober.rng, least=0.5)
        assert not prober.leads_away(shift, distance)
