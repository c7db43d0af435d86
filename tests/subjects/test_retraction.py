"""Steps along manifolds and tangents, against formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.subjects.retraction import TANGENTS, point_of_manifold, refuse_with_retraction, retraction_of

RNG = np.random.default_rng(1)


def normalised(x: Any, v: Any) -> Any:
    return (x + v) / np.linalg.norm(x + v)


def tangent(x: Any, v: Any) -> Any:
    return v - x * (x @ v)


def on_sphere(size: int) -> Any:
    x = RNG.normal(size=size)
    return x / np.linalg.norm(x)


def test_the_tangent_of_a_retraction_is_its_derivative() -> None:
    """Of x ↦ (x + v) / |x + v| on the sphere that is v − x (x·v)."""
    found = retraction_of(normalised, None)
    assert found is not None
    assert not found.projects
    x, v = on_sphere(6), RNG.normal(size=6)
    np.testing.assert_allclose(found.projected(x, v), tangent(x, v), atol=1e-9)


@pytest.mark.parametrize("size", [5, TANGENTS, 50])
def test_tangents_are_tangent_and_span_what_they_can(size: int) -> None:
    found = retraction_of(normalised, tangent)
    assert found is not None
    x = on_sphere(size)
    rows = found.tangents(x, np.random.default_rng(0))
    np.testing.assert_allclose(rows @ x, 0, atol=1e-12)
    assert len(rows) == min(size, TANGENTS)
    assert np.linalg.matrix_rank(rows) == min(size - 1, TANGENTS)


def test_the_other_point_is_on_the_manifold_and_elsewhere() -> None:
    found = retraction_of(normalised, tangent)
    assert found is not None
    x = on_sphere(5)
    other = found.away(x, np.random.default_rng(0))
    assert np.linalg.norm(other) == pytest.approx(1)
    assert 0.05 < np.linalg.norm(other - x) < 1


def test_the_part_that_is_not_tangent() -> None:
    found = retraction_of(None, tangent)
    assert found is not None
    x = on_sphere(4)
    v = tangent(x, RNG.normal(size=4))
    assert found.off_tangent(x, v) < 1e-12
    assert found.off_tangent(x, 3 * v + 4 * x * np.linalg.norm(v)) == pytest.approx(4 / 5)
    assert found.off_tangent(x, 0 * v) == 0


def test_none_is_no_manifold() -> None:
    assert retraction_of(None, None) is None


def test_what_describes_no_manifold_is_refused() -> None:
    with pytest.raises(SubjectTypeError, match="retract is a int"):
        retraction_of(3, None)  # type: ignore[arg-type]
    found = retraction_of(normalised, tangent)
    assert found is not None
    with pytest.raises(SubjectError, match="x0 must lie on the manifold"):
        point_of_manifold(2 * on_sphere(4), found, np.random.default_rng(0))
    with pytest.raises(SubjectTypeError, match="must be one array of floats"):
        point_of_manifold([on_sphere(4)], found, np.random.default_rng(0))
    with pytest.raises(SubjectError, match="x0 has no entries"):
        point_of_manifold(np.empty(0), found, np.random.default_rng(0))
    assert point_of_manifold(on_sphere(4), found, np.random.default_rng(0)).shape == (4,)


@pytest.mark.filterwarnings("error")
def test_a_retraction_that_is_not_finite_is_refused() -> None:
    for step in (lambda x, v: None, lambda x, v: x * np.nan, lambda x, v: np.where(v == 0, x, np.inf)):
        found = retraction_of(step, None)
        assert found is not None
        with pytest.raises(SubjectError, match=r"retract|project"):
            point_of_manifold(on_sphere(4), found, np.random.default_rng(0))


def test_the_first_option_that_was_given_is_named() -> None:
    refuse_with_retraction(wrt=False, bounds=False)
    with pytest.raises(SubjectTypeError, match="bounds is for checks without"):
        refuse_with_retraction(wrt=False, bounds=True, journal=True)
