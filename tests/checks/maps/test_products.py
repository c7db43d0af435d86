"""`check_vjp` and `check_jvp`: right products pass, wrong ones fail, whatever the size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import check_jvp, check_vjp
from gradcheck.errors import SubjectError, SubjectTypeError
from tests.checks.maps.maps import POINT, WEIGHTS, layer, layer_jacobian, slugs, wrong


def vjp(x: Any, u: Any) -> Any:
    return layer_jacobian(x).T @ u


def jvp(x: Any, v: Any) -> Any:
    return layer_jacobian(x) @ v


def test_right_products_pass() -> None:
    for report in (
        check_vjp(layer, vjp, POINT, rng=0),
        check_vjp(lambda x: (layer(x), lambda u: vjp(x, u)), True, POINT, rng=0),
        check_jvp(layer, jvp, POINT, rng=0),
    ):
        assert report.verdict.value == "pass"
        assert report.evaluations <= 54


def test_a_product_that_ignores_its_cotangent_is_named() -> None:
    report = check_vjp(np.tanh, lambda x, u: 1 - np.tanh(x) ** 2, POINT, rng=0)
    assert slugs(report) == ["upstream-ignored"]


@pytest.mark.parametrize("factor", [-1.0, 0.5])
def test_a_factor_is_named(factor: float) -> None:
    slug = "sign-flipped" if factor == -1 else "constant-factor"
    assert slugs(check_vjp(layer, lambda x, u: factor * vjp(x, u), POINT, rng=0)) == [slug]
    assert slugs(check_jvp(layer, lambda x, v: factor * jvp(x, v), POINT, rng=0)) == [slug]


def test_products_that_are_not_linear_fail() -> None:
    """Each is right for the length that a random vector happens to have, and for no other."""
    report = check_vjp(layer, lambda x, u: vjp(x, u) * np.abs(u).max(), POINT, rng=0)
    assert report.verdict.value == "fail"
    report = check_jvp(layer, lambda x, v: jvp(x, v) + 1, POINT, rng=0)
    assert report.verdict.value == "fail"


def test_nested_outputs_and_inputs() -> None:
    x0 = {"W": WEIGHTS, "x": POINT}

    def fun(p: Any) -> Any:
        return p["W"] @ p["x"], p["x"].sum()

    def right(p: Any, u: Any) -> Any:
        return {"W": np.outer(u[0], p["x"]), "x": p["W"].T @ u[0] + u[1]}

    def without(p: Any, u: Any) -> Any:
        return {"W": np.outer(u[0], p["x"]), "x": p["W"].T @ u[0]}

    assert check_vjp(fun, right, x0, rng=0).verdict.value == "pass"
    report = check_vjp(fun, without, x0, rng=0)
    assert [name for name, block in report.blocks.items() if not block.passes] == ["(1, x)"]
    assert slugs(report) == ["missing-block"]


def test_a_wrong_entry_of_a_large_tangent_is_found() -> None:
    x0 = np.random.default_rng(1).normal(size=1500)
    place = np.arange(1500) == 1077

    def tangent(x: Any, v: Any, factor: float = 1.0) -> Any:
        return np.where(place, factor, 1.0) * np.cos(x) * v

    right = check_jvp(np.sin, tangent, x0, rng=0)
    assert right.verdict.value == "pass"
    assert right.evaluations <= 54
    report = check_jvp(np.sin, lambda x, v: tangent(x, v, 1.5), x0, rng=0)
    assert list(wrong(report)) == [(1077, 1077)]
    assert wrong(report)[1077, 1077].numeric == pytest.approx(np.cos(x0[1077]))


def test_the_sign_of_a_large_tangent_is_cheap() -> None:
    x0 = np.random.default_rng(1).normal(size=1500)
    report = check_jvp(np.sin, lambda x, v: -np.cos(x) * v, x0, rng=0)
    assert slugs(report) == ["sign-flipped"]
    assert report.evaluations < 500
    assert report.blocks["x"].shape == (1500, 1500)


def test_conventions_for_complex_cotangents() -> None:
    """For f(z) = z² the adjoint multiplies by the conjugate of 2z, the transpose by 2z."""
    z = POINT + 1j * POINT[::-1]

    def square(z: Any) -> Any:
        return z**2

    def adjoint(z: Any, u: Any) -> Any:
        return 2 * u * z.conj()

    def transposed(z: Any, u: Any) -> Any:
        return 2 * u * z

    assert check_vjp(square, adjoint, z, rng=0).verdict.value == "pass"
    assert check_vjp(square, transposed, z, rng=0, convention="jax").verdict.value == "pass"
    assert slugs(check_vjp(square, transposed, z, rng=0)) == ["not-conjugated"]
    assert slugs(check_vjp(square, adjoint, z, rng=0, convention="jax")) == ["not-conjugated"]


def test_a_real_function_of_complex_numbers() -> None:
    """The gradient of |z|² is 2z: that of the real and the imaginary part as a pair."""
    z = POINT + 1j * POINT[::-1]
    assert check_vjp(lambda z: np.abs(z) ** 2, lambda z, u: 2 * u * z, z, rng=0).verdict.value == "pass"
    assert check_vjp(lambda z: np.abs(z) ** 2, lambda z, u: 2 * u * z.conj(), z, rng=0).verdict.value == "fail"


def test_against_torch() -> None:
    torch = pytest.importorskip("torch")

    def pulled(x: Any, u: Any) -> Any:
        t = torch.tensor(x, requires_grad=True)
        (found,) = torch.autograd.grad(torch.nn.functional.softmax(t, dim=0), t, torch.tensor(u))
        return found.numpy()

    def softmax(x: Any) -> Any:
        e = np.exp(x - x.max())
        return e / e.sum()

    assert check_vjp(softmax, pulled, POINT, rng=0).verdict.value == "pass"


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(SubjectTypeError, match="vjp is None"):
        check_vjp(layer, None, POINT)
    with pytest.raises(SubjectTypeError, match="jvp is a float"):
        check_jvp(layer, 3.0, POINT)  # type: ignore[arg-type]
    with pytest.raises(SubjectError, match="convention is 'numpy'"):
        check_vjp(layer, vjp, POINT, convention="numpy")  # type: ignore[arg-type]
    with pytest.raises(SubjectTypeError, match="must return the pair"):
        check_vjp(lambda x: (layer(x), 3), True, POINT, rng=0)


def test_assertions() -> None:
    assert gradcheck.assert_vjp(layer, vjp, POINT, rng=0)
    assert gradcheck.assert_jvp(layer, jvp, POINT, rng=0)
    with pytest.raises(gradcheck.GradientMismatch, match="sign-flipped"):
        gradcheck.assert_vjp(layer, lambda x, u: -vjp(x, u), POINT, rng=0)
    with pytest.raises(gradcheck.GradientMismatch, match="sign-flipped"):
        gradcheck.assert_jvp(layer, lambda x, v: -jvp(x, v), POINT, rng=0)
