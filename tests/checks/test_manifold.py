"""Gradients on manifolds: right ones pass with a retraction, wrong ones fail, and none is called wrong without one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck import check_gradients
from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.verdicts.tangent import MANIFOLDS

RNG = np.random.default_rng(0)


def orthonormal(x: Any) -> Any:
    """The orthonormal factor of a matrix, of one sign."""
    q, r = np.linalg.qr(x)
    return q * np.sign(np.diag(r))


#: Retraction, projection, and a point, by manifold.
SPACES: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any], Any]] = {
    "sphere": (
        lambda x, v: (x + v) / np.linalg.norm(x + v),
        lambda x, v: v - x * np.sum(x * v),
        (lambda x: x / np.linalg.norm(x))(RNG.normal(size=5)),
    ),
    "orthonormal": (
        lambda x, v: orthonormal(x + v),
        lambda x, v: v - x @ (x.T @ v + v.T @ x) / 2,
        orthonormal(RNG.normal(size=(5, 2))),
    ),
    "symmetric": (
        lambda x, v: x + v,
        lambda x, v: (v + v.T) / 2,
        np.array([[2.0, 0.5, 0.1], [0.5, 1.5, -0.3], [0.1, -0.3, 1.0]]),
    ),
}


def value(x: Any) -> float:
    """A function of all entries, symmetric or not."""
    weights = np.cos(np.arange(x.size)).reshape(x.shape)
    return float(np.sum(np.sin(x + weights)))


def around(x: Any) -> Any:
    """Its gradient in the space around."""
    return np.cos(x + np.cos(np.arange(x.size)).reshape(x.shape))


@pytest.mark.parametrize("name", SPACES)
def test_a_gradient_on_a_manifold_passes_with_a_retraction(name: str) -> None:
    retract, project, x0 = SPACES[name]

    def tangent(x: Any) -> Any:
        return project(x, around(x))

    assert check_gradients(value, tangent, x0, retract=retract, project=project, rng=0).verdict.value == "pass"
    if name != "symmetric":  # there retract alone leads away from the manifold
        assert check_gradients(value, tangent, x0, retract=retract, rng=0).verdict.value == "pass"


@pytest.mark.parametrize("name", SPACES)
def test_without_one_it_is_recognised_and_undecided(name: str) -> None:
    _, project, x0 = SPACES[name]
    report = check_gradients(value, lambda x: project(x, around(x)), x0, rng=0)
    assert report.verdict.value == "undecided"
    assert "pass retract= and project=" in report.blocks["x"].note
    assert report.findings == ()


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("with_retraction", [True, False])
def test_a_wrong_one_fails(name: str, with_retraction: bool) -> None:
    retract, project, x0 = SPACES[name]
    options: dict[str, Any] = {"retract": retract, "project": project} if with_retraction else {}

    def twice(x: Any) -> Any:
        return 2 * project(x, around(x))

    report = check_gradients(value, twice, x0, rng=0, **options)
    assert report.verdict.value == "fail"


def test_one_that_is_right_at_the_point_alone_fails() -> None:
    retract, project, x0 = SPACES["sphere"]

    def stale(x: Any) -> Any:
        return project(x, around(x0))

    report = check_gradients(value, stale, x0, retract=retract, project=project, rng=0)
    assert report.verdict.value == "fail"
    assert "right at your point, wrong at another point of the manifold" in report.notes


def test_workers_and_progress_are_used() -> None:
    retract, project, x0 = SPACES["sphere"]
    together: list[int] = []
    shown: list[tuple[int, str]] = []

    def mapped(function: Any, points: Any) -> list[Any]:
        points = list(points)
        together.append(len(points))
        return [function(point) for point in points]

    def tangent(x: Any) -> Any:
        return project(x, around(x))

    options: dict[str, Any] = {"retract": retract, "project": project, "rng": 0}
    report = check_gradients(
        value, tangent, x0, workers=mapped, progress=lambda done, stage: shown.append((done, stage)), **options
    )
    assert report.verdict.value == "pass"
    assert max(together) > 1
    assert shown


def test_a_claim_that_is_neither_tangent_nor_the_gradient_around_fails() -> None:
    retract, project, x0 = SPACES["sphere"]

    def half(x: Any) -> Any:
        return around(x) - 0.5 * x * np.sum(x * around(x))

    report = check_gradients(value, half, x0, retract=retract, project=project, rng=0)
    assert report.verdict.value == "fail"
    assert "is not tangent, and it is not the gradient" in report.notes[-1]


def test_the_gradient_of_the_space_around_passes_with_a_note() -> None:
    retract, project, x0 = SPACES["sphere"]
    report = check_gradients(value, around, x0, retract=retract, project=project, rng=0)
    assert report.verdict.value == "pass"
    assert "is not tangent" in report.notes[-1]


def test_a_point_off_the_manifold_is_no_excuse() -> None:
    project, x0 = SPACES["sphere"][1], 2 * SPACES["sphere"][2]
    report = check_gradients(value, lambda x: project(x / 2, around(x)), x0, loss_accuracy=0, rng=0)
    assert report.verdict.value == "fail"


@pytest.mark.parametrize("manifold", MANIFOLDS, ids=lambda manifold: manifold.name)
def test_projections_are_projections(manifold: Any) -> None:
    rng = np.random.default_rng(1)
    x = np.linalg.qr(rng.normal(size=(4, 3)))[0] if "orthonormal" in manifold.name else rng.uniform(0.1, 1, (4, 4))
    if "symmetric" in manifold.name:
        x = x + x.T
    v, w = rng.normal(size=x.shape), rng.normal(size=x.shape)
    once = manifold.project(x, v)
    np.testing.assert_allclose(manifold.project(x, once), once)
    assert np.sum(once * w) == pytest.approx(np.sum(v * manifold.project(x, w)))


def test_what_is_no_retraction_is_refused() -> None:
    retract, project, x0 = SPACES["sphere"]
    with pytest.raises(SubjectError, match="x0 must lie on the manifold"):
        check_gradients(value, around, 3 * x0, retract=retract, project=project)
    with pytest.raises(SubjectError, match="is no projection"):
        check_gradients(value, around, x0, retract=retract, project=lambda x, v: 2 * v)
    with pytest.raises(SubjectError, match="in the direction v"):
        check_gradients(value, around, x0, retract=lambda x, v: retract(x, 2 * v), project=project)
    with pytest.raises(SubjectTypeError, match="must be one array"):
        check_gradients(value, around, {"x": x0}, retract=retract)
    with pytest.raises(SubjectTypeError, match="grad must be the function"):
        check_gradients(value, around(x0), x0, retract=retract)
