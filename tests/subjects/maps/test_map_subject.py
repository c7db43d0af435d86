"""A map weighted by a cotangent is a scalar function; outputs that are known are not computed again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.errors import SubjectError
from gradcheck.subjects.load import load
from gradcheck.subjects.maps.claim import JacobianClaim, ProductClaim
from gradcheck.subjects.maps.map_subject import MapSubject
from gradcheck.subjects.maps.sketch import pieces_of, sketch_of


def squares(calls: list[int]) -> MapSubject:
    def fun(x: Any) -> Any:
        calls.append(1)
        return x**2

    return MapSubject(fun, JacobianClaim(lambda x: np.diag(2 * x), "jac()", only_here=False), np.array([1.0, 2.0, 3.0]))


def test_loss_and_gradient_of_a_cotangent() -> None:
    subject = squares([])
    u = np.array([1.0, -2.0, 0.5])
    weighed = subject.with_cotangent(u)
    point = (np.array([2.0, 3.0, 4.0]),)
    assert weighed.loss(point) == pytest.approx(u @ point[0] ** 2)
    np.testing.assert_allclose(weighed.gradient(point)[0], 2 * u * point[0])


def test_further_cotangents_cost_no_call() -> None:
    calls: list[int] = []
    subject = squares(calls)
    before = len(calls)
    for seed in range(5):
        subject.with_cotangent(np.random.default_rng(seed).normal(size=3)).loss((np.array([2.0, 3.0, 4.0]),))
    assert len(calls) == before + 1 == subject.evaluations.calls


def test_a_derivative_that_is_known_at_the_point_alone() -> None:
    subject = MapSubject(np.sin, JacobianClaim(np.eye(2), "jac", only_here=True), np.zeros(2))
    assert subject.only_here
    with pytest.raises(SubjectError, match="known at x0 alone"):
        subject.gradient((np.ones(2),))


def test_a_sketch_is_the_map_along_pieces_of_its_input() -> None:
    x0 = np.arange(1.0, 9.0)
    claim = ProductClaim(lambda x, v: 2 * x * v, "jvp()")
    subject = MapSubject(lambda x: x**2, claim, x0)
    pieces = pieces_of(subject, 0, 0, 8, 3, np.random.default_rng(0))
    assert [(piece.low, piece.high) for piece in pieces] == [(0, 2), (2, 5), (5, 8)]
    sketch = sketch_of(subject, [pieces], [0]).with_cotangent(np.ones(8))
    a = np.array([0.1, 0.0, -0.2])
    x = x0.copy()
    x[0:2] += 0.1 * pieces[0].vector
    x[5:8] -= 0.2 * pieces[2].vector
    assert sketch.loss((a,)) == pytest.approx((x**2).sum())
    wanted = [2 * x[piece.low : piece.high] @ piece.vector for piece in pieces]
    np.testing.assert_allclose(sketch.gradient((a,))[0], wanted)


def test_a_file_names_a_function_with_its_jacobian(tmp_path: Any) -> None:
    file = tmp_path / "problem.py"
    file.write_text(
        "import numpy as np\ndef problem():\n    return np.sin, lambda x: np.diag(np.cos(x)), np.array([1.0, 2.0])\n"
    )
    from gradcheck.checks.gradients import check_subject

    subject = load(f"{file}:problem")
    assert isinstance(subject, MapSubject)
    report = check_subject(subject, rng=0)
    assert report.verdict.value == "pass"
    assert report.kind == "jacobian"
