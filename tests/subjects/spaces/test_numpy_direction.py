"""Directions: steps along them are exact, every entry contributes about equally, and their parts add up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.subjects.spaces.numpy_direction import NumpyDirection, draw, part_of, selected, unit, weights_of
from gradcheck.subjects.spaces.numpy_scaling import scaling_of
from gradcheck.subjects.spaces.settings import SPACES
from gradcheck.subjects.spaces.space import Band, Interval, Part, Parts, Ramp, RandomPart
from tests.cases import Array

BITS = 30
LEAST, MOST = SPACES.magnitudes


def drawn(
    point: list[Array],
    claim: list[Array],
    *,
    seed: int = 0,
    parts: Parts | None = None,
    floor: float = 0.0,
    zero: list[bool] | None = None,
    bits: int = BITS,
) -> NumpyDirection:
    return draw(
        point,
        claim,
        scaling_of(point, claim, 1e-12),
        floor=floor,
        zero=zero or [not g.any() for g in claim],
        bits=bits,
        rng=np.random.default_rng(seed),
        parts=dict.fromkeys(range(len(point))) if parts is None else parts,
    )


def moved(direction: NumpyDirection, block: int = 0) -> Array:
    found = direction.arrays[block]
    assert found is not None
    return found


def uniform(size: int, seed: int = 0) -> Array:
    rng = np.random.default_rng(seed)
    return np.asarray(rng.uniform(0.5, 2.0, size) * rng.choice([-1.0, 1.0], size))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("dtype", "bits"), [(np.float64, 30), (np.float32, 13)])
def test_steps_are_exact(dtype: Any, bits: int, seed: int) -> None:
    """What is added to the point is what the difference is divided by, unless it leads to numbers with fewer bits."""
    x = uniform(200, seed).astype(dtype)
    v = moved(drawn([x], [uniform(200, seed + 1).astype(dtype)], seed=seed, bits=bits))
    assert v.dtype == dtype
    for k in range(bits + 1):
        t = dtype(2.0**-k)
        for step in (t * v, -t * v):
            taken = (x + step) - x
            near = np.spacing(np.abs(x + step)) <= np.spacing(np.abs(x))
            assert near.mean() > 0.4
            np.testing.assert_array_equal(taken[near], step[near])
            assert (np.abs(taken - step) <= np.spacing(np.abs(x))).all()


@pytest.mark.parametrize("seed", range(4))
def test_steps_from_a_point_of_fewer_bits_are_exact_wherever_they_lead(seed: int) -> None:
    x = uniform(200, seed).astype(np.float32).astype(np.float64)
    v = moved(drawn([x], [uniform(200, seed + 1)], seed=seed))
    for k in range(BITS + 1):
        np.testing.assert_array_equal((x + 2.0**-k * v) - x, 2.0**-k * v)


def test_a_direction_of_full_precision_would_not_be_exact() -> None:
    x, v, t = uniform(200), np.random.default_rng(5).uniform(0.5, 1.0, 200), 2.0**-20
    assert ((x + t * v) - x != t * v).any()


@pytest.mark.parametrize("seed", range(4))
def test_entries_over_twelve_orders_of_magnitude_contribute_about_equally(seed: int) -> None:
    x, claim = uniform(400, seed), np.geomspace(1e-6, 1e6, 400)
    v = moved(drawn([x], [claim], seed=seed))
    shares = np.abs(claim * v)
    relevant = claim * np.abs(x) >= scaling_of([x], [claim], 1e-12)[0].small_effect
    assert relevant.mean() > 0.4
    assert shares[relevant].max() / shares[relevant].min() < 1.01 * MOST / LEAST
    assert (np.abs(v) <= np.maximum(np.abs(x), 2.0)).all()


@pytest.mark.parametrize("seed", range(4))
def test_magnitudes_are_random_between_half_and_the_whole_of_the_typical_size(seed: int) -> None:
    x = np.full(1000, 3.0)
    v = moved(drawn([x], [np.ones(1000)], seed=seed))
    assert (np.abs(v) >= LEAST * 3.0 * (1 - 1e-6)).all()
    assert (np.abs(v) <= MOST * 3.0 * (1 + 1e-6)).all()
    assert len(np.unique(np.abs(v))) > 990
    assert 400 < (v > 0).sum() < 600


def test_a_seed_repeats_a_direction_and_another_does_not() -> None:
    x, claim = uniform(10), uniform(10, 1)
    np.testing.assert_array_equal(moved(drawn([x], [claim], seed=3)), moved(drawn([x], [claim], seed=3)))
    assert (moved(drawn([x], [claim], seed=3)) != moved(drawn([x], [claim], seed=4))).all()


@pytest.mark.parametrize("seed", range(4))
def test_contributions_are_those_of_the_claim(seed: int) -> None:
    point, claim = [uniform(7, seed), uniform(4, seed + 1)], [uniform(7, seed + 2), 1e-3 * uniform(4, seed + 3)]
    direction = drawn(point, claim, seed=seed)
    for b in range(2):
        share, products = direction.contributions[b], claim[b] * moved(direction, b)
        assert share is not None
        assert share.slope == pytest.approx(products.sum(), rel=1e-12)
        assert share.norm == pytest.approx(np.linalg.norm(products), rel=1e-12)
        assert 0 < share.small <= np.abs(products).min() * (1 + 1e-6)
        assert share.rounding < 1e-14 * share.norm
    assert direction.slope == pytest.approx(sum(float(g @ moved(direction, b)) for b, g in enumerate(claim)))
    assert direction.length == pytest.approx(np.linalg.norm(np.concatenate([moved(direction, 0), moved(direction, 1)])))


def test_a_claim_in_single_precision_is_rounded_more() -> None:
    x, claim = uniform(50), uniform(50, 1)
    wide, narrow = (drawn([x], [claim.astype(t)]).contributions[0] for t in (np.float64, np.float32))
    assert wide is not None
    assert narrow is not None
    assert narrow.rounding == pytest.approx(2.0**29 * wide.rounding, rel=0.1)


def test_noise_sets_a_floor_to_what_entries_contribute() -> None:
    x, claim = uniform(100), np.geomspace(1e-6, 1.0, 100)
    low, high = (np.abs(claim * moved(drawn([x], [claim], floor=floor))) for floor in (0.0, 0.1))
    assert high.max() > 0.05
    assert low.max() < 0.01


def test_blocks_that_are_not_chosen_do_not_move() -> None:
    point, claim = [uniform(3), uniform(4, 1)], [uniform(3, 2), uniform(4, 3)]
    direction = drawn(point, claim, parts={1: None})
    assert direction.arrays[0] is None
    assert direction.contributions[0] is None
    assert direction.slope == pytest.approx(float(claim[1] @ moved(direction, 1)))


@pytest.mark.parametrize(
    ("part", "chosen"),
    [(Interval(2, 5), [2, 3, 4]), (Interval(0, 1), [0]), (Band(0.05, 5.0), [2, 3]), (Band(5.0, np.inf), [4, 5])],
)
def test_a_part_moves_its_entries_alone(part: Part, chosen: list[int]) -> None:
    x, claim = np.ones(6), np.array([1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0])
    (scaling,) = scaling_of([x], [claim], 1e-12)
    assert list(np.flatnonzero(selected(scaling, part))) == chosen
    assert list(np.flatnonzero(moved(drawn([x], [claim], parts={0: part})))) == chosen


@pytest.mark.parametrize("part", [Ramp(0, 3, 0.25, 1.0), RandomPart(0.5)])
def test_a_direction_is_not_drawn_along_a_part_with_weights(part: Part) -> None:
    with pytest.raises(TypeError, match="intervals and bands"):
        drawn([np.ones(3)], [np.ones(3)], parts={0: part})


# -- one entry ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", [(0, 0), (1, 2)])
def test_a_unit_direction_moves_one_entry(index: tuple[int, ...]) -> None:
    x, claim = uniform(6).reshape(2, 3), uniform(6, 1).reshape(2, 3)
    scaling = scaling_of([x], [claim], 1e-12)
    direction, length = unit([x], [claim], scaling, 0, index, bits=BITS, rng=np.random.default_rng(0))
    v = moved(direction)
    assert [tuple(int(i) for i in row) for row in np.argwhere(v)] == [index]
    assert v[index] == length
    size = scaling[0].size[index]
    assert LEAST * size * (1 - 1e-6) <= abs(length) <= MOST * size * (1 + 1e-6)
    assert direction.slope == claim[index] * length
    for k in range(BITS + 1):
        assert (x[index] + 2.0**-k * length) - x[index] == 2.0**-k * length


def test_a_unit_direction_along_a_claim_of_zero_is_zero() -> None:
    x, claim = np.ones(3), np.array([0.0, 1.0, 1.0])
    scaling = scaling_of([x], [claim], 1e-12)
    zeros = []
    for i in range(3):
        share = unit([x], [claim], scaling, 0, (i,), bits=BITS, rng=np.random.default_rng(0))[0].contributions[0]
        assert share is not None
        zeros.append(share.zero)
    assert zeros == [True, False, False]


# -- parts of a direction ----------------------------------------------------------------------------------------------


def parts_of(weights: list[Array]) -> tuple[NumpyDirection, list[NumpyDirection]]:
    point, claim = [uniform(12), uniform(3, 1)], [uniform(12, 2), uniform(3, 3)]
    scaling, direction = scaling_of(point, claim, 1e-12), drawn(point, claim)
    return direction, [part_of(direction, 0, w, point, claim, scaling, bits=BITS) for w in weights]


@pytest.mark.parametrize("middle", [1, 5, 11])
def test_two_intervals_add_up_to_the_whole(middle: int) -> None:
    rng = np.random.default_rng(0)
    weights = [weights_of(part, (12,), rng) for part in (Interval(0, middle), Interval(middle, 12))]
    whole, (low, high) = parts_of(weights)
    np.testing.assert_array_equal(moved(low) + moved(high), moved(whole))
    share = whole.contributions[0]
    assert share is not None
    assert low.slope + high.slope == pytest.approx(share.slope, rel=1e-12)
    assert low.arrays[1] is high.arrays[1] is None


def test_a_ramp_and_its_mirror_add_up_to_the_whole() -> None:
    rng = np.random.default_rng(0)
    weights = [weights_of(part, (12,), rng) for part in (Ramp(0, 12, 0.25, 0.75), Ramp(0, 12, 0.75, 0.25))]
    whole, (up, down) = parts_of(weights)
    np.testing.assert_allclose(moved(up) + moved(down), moved(whole), rtol=1e-6)


def test_weights_of_intervals_ramps_and_random_parts() -> None:
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(weights_of(Interval(1, 3), (2, 2), rng), [[0, 1], [1, 0]])
    np.testing.assert_allclose(weights_of(Ramp(1, 4, 0.25, 1.0), (5,), rng), [0, 0.25, 0.625, 1.0, 0])
    random = weights_of(RandomPart(0.25), (100, 100), rng)
    assert set(np.unique(random)) == {0.0, 1.0}
    assert random.mean() == pytest.approx(0.25, abs=0.03)
    with pytest.raises(TypeError, match="a Band selects"):
        weights_of(Band(0.0, 1.0), (5,), rng)
