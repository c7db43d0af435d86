"""Cotangents weigh outputs by how far they move, measured or claimed; no rounding of one drowns the others."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.subjects.maps.claim import JacobianClaim
from gradcheck.subjects.maps.cotangent import output_scales, random_cotangent
from gradcheck.subjects.maps.map_subject import MapSubject


def scales_of(fun: Any, jacobian: Any, x0: Any) -> Any:
    subject = MapSubject(fun, JacobianClaim(jacobian, "jac()", only_here=True), x0)
    return output_scales(subject, np.random.default_rng(0))


def test_outputs_weigh_by_how_far_they_move() -> None:
    factors = np.array([1e6, 1.0, 1e-3])
    found = scales_of(lambda x: factors * x, np.diag(factors), np.ones(3))
    assert np.all((found >= 0.5 * factors) & (found <= factors))


def test_an_output_that_is_claimed_to_move_weighs_by_the_claim() -> None:
    found = scales_of(lambda x: np.array([x[0], 5.0]), np.array([[1.0, 0], [0, 100.0]]), np.ones(2))
    assert 50 <= found[1] <= 100


def test_an_output_with_a_large_constant_weighs_less_than_it_moves() -> None:
    found = scales_of(lambda x: np.array([x[0], x[1], 1e9 + x[2]]), np.eye(3), np.ones(3))
    assert found[2] > 1e6


def test_cotangents_are_never_ones_and_have_both_signs() -> None:
    found = random_cotangent(np.ones(200), np.random.default_rng(0))
    assert np.all((np.abs(found) >= 0.5) & (np.abs(found) <= 1.0))
    assert len(np.unique(np.abs(found))) == 200
    assert 60 < (found > 0).sum() < 140
