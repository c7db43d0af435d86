"""What is known at a point is a value: what is learnt makes another one."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from gradcheck.differences.settings import EPSILON
from gradcheck.probes.place import Place
from gradcheck.probes.point import LossNoise, PointData, point_data
from gradcheck.subjects.convert import as_subject
from tests.cases import Array
from tests.probers import RTOL

#: Beside a loss of 1 and an effect of 1, a claim of `size` for parameters of size 1 has an effect of `size`.
ONES = {"a": np.ones(3), "b": np.ones(2)}


def data_of(size: float, *, value: float = 1.0, first: float = 1.0, **options: Any) -> PointData:
    subject = as_subject(lambda p: value, lambda p: p, ONES)
    claim = (np.full(3, first), np.full(2, size))
    return point_data(subject, Place.USER, subject.point, value, claim, RTOL, **options)


def test_new_noise_leaves_the_original_as_it_was() -> None:
    before = data_of(1.0)
    after = before.with_noise(LossNoise(1e-6, loud=True))
    assert (after.noise.level, after.noise.loud) == (1e-6, True)
    assert before.noise == LossNoise()
    assert dataclasses.replace(after, noise=before.noise) == before


def test_cancelled_claims_are_zero_and_stay_so() -> None:
    before = data_of(1e-14)
    after = before.with_cancelled([1])
    assert (before.zero, before.cancelled) == ((False, False), (False, False))
    assert (after.zero, after.cancelled) == ((False, True), (False, True))
    assert after.negligible == before.negligible == (False, True)
    both = after.with_cancelled([0])
    assert (both.zero, both.cancelled) == ((True, True), (True, True))
    assert after.with_cancelled([]) == after
    assert after.with_noise(LossNoise(1e-3)).zero == (False, True)


def test_a_claim_that_is_zero_stays_zero() -> None:
    data = data_of(0.0)
    assert (data.zero, data.cancelled, data.negligible) == ((False, True), (False, False), (False, False))
    assert data.with_cancelled([0]).zero == (True, True)


def test_it_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        data_of(1.0).value = 2.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("size", "value", "negligible"),
    [
        (1e-300, 1.0, True),
        (1e-16, 1.0, True),
        (2.2e-13, 1.0, True),  # 1024 roundings of the loss are 2.27e-13
        (2.4e-13, 1.0, False),
        (1e-3, 1.0, False),
        (0.0, 1.0, False),  # zero needs no excuse
        (2.4e-13, 1e4, True),
        (9e-10, 1e9, True),  # but no more than 1e-9 of the largest effect
        (1.1e-9, 1e9, False),
        (1e-16, 0.0, False),  # a loss of zero has no rounding
    ],
)
def test_a_claim_is_negligible_beside_the_rounding_of_the_loss(size: float, value: float, negligible: bool) -> None:
    assert data_of(size, value=value).negligible == (False, negligible)


def test_round_off_recognised_elsewhere_counts_here_only_where_it_is_as_small() -> None:
    cancelled = (False, True)
    assert data_of(1e-14, cancelled=cancelled).zero == (False, True)
    assert data_of(1e-3, cancelled=cancelled).zero == (False, False)
    assert data_of(1e-14).zero == (False, False)


def test_reference_is_the_largest_effect_of_any_entry() -> None:
    assert data_of(0.25, first=-3.0).reference == 3.0
    assert data_of(8.0, first=-3.0).reference == 8.0
    assert data_of(0.0, first=0.0).reference == 0.0


def test_sizes_known_elsewhere_are_used() -> None:
    first = data_of(1.0)
    known = tuple(dataclasses.replace(scaling, size=5.0 * scaling.size) for scaling in first.scaling)
    assert data_of(1.0, known=known).reference == pytest.approx(5.0 * first.reference)


@pytest.mark.parametrize(
    ("level", "value", "chaotic"),
    [(1.1e-3, 1.0, True), (0.9e-3, 1.0, False), (1.1e-2, -10.0, True), (1.0, 0.0, False), (0.0, 1.0, False)],
)
def test_a_loss_is_chaotic_if_its_noise_is_a_good_part_of_it(level: float, value: float, chaotic: bool) -> None:
    assert data_of(1.0, value=value).with_noise(LossNoise(level)).chaotic is chaotic


def test_what_is_visible_grows_with_the_noise_and_ends_at_rounding() -> None:
    quiet = data_of(1.0)
    rounding = quiet.visible()
    assert rounding * RTOL > 64 * EPSILON
    assert quiet.with_noise(LossNoise(EPSILON / 8)).visible() == rounding
    assert quiet.with_noise(LossNoise(8 * EPSILON)).visible() == pytest.approx(8 * rounding)


def test_the_narrowest_type_decides_which_steps_are_exact() -> None:
    subject = as_subject(lambda p: 1.0, lambda p: p, ONES)

    def mantissa(*types: Any) -> tuple[int, int]:
        point = tuple(x.astype(t) for x, t in zip(subject.point, types, strict=True))
        data = point_data(subject, Place.USER, point, 1.0, point, RTOL)
        return data.mantissa, data.exact_bits

    assert mantissa(np.float64, np.float64) == (52, 30)
    assert mantissa(np.float64, np.float32) == (23, 13)
    assert mantissa(np.float32, np.float64) == (23, 13)


@pytest.mark.parametrize(("claims", "zero"), [((0.0, 0.0), True), ((0.0, 1e-300), False), ((1.0, 0.0), False)])
def test_all_zero_is_exact(claims: tuple[float, float], zero: bool) -> None:
    assert data_of(claims[1], first=claims[0]).all_zero is zero


def test_blocks_are_counted() -> None:
    claim: tuple[Array, ...] = (np.ones(3), np.ones(2))
    assert list(data_of(1.0).blocks) == list(range(len(claim)))
