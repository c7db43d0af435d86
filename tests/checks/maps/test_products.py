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


def test_what_is_not_finite_for_a_single_cotangent_is_found() -> None:
    """The first cotangent does not show it, as a branch on its size does not."""

    def rare(x: Any, u: Any) -> Any:
        return vjp(x, u) * (np.nan if u[0] > 0 > u[1] else 1.0)

    verdicts = {check_vjp(layer, rare, POINT, rng=seed).verdict.value for seed in range(8)}
    assert verdicts == {"fail"}


@pytest.mark.parametrize("check", ["vjp", "jvp"])
def test_rounding_as_large_as_the_derivative_is_no_pass(check: str) -> None:
    """A second output with a constant of 1e14 moves by less than its rounding; the first one is clear."""
    matrix = np.random.default_rng(0).standard_normal((2, 4))

    def fun(x: Any, constant: float = 1e14) -> Any:
        return matrix @ x + np.array([0.0, constant])

    def claim(x: Any, v: Any, *_: Any) -> Any:
        return (matrix if check == "jvp" else matrix.T) @ v

    checked = check_jvp if check == "jvp" else check_vjp
    for seed in range(5):
        hidden = checked(fun, claim, POINT, rng=seed)
        assert all(b.resolution is None or b.resolution <= 1 for b in hidden.blocks.values())
        assert checked(fun, claim, POINT, args=(3.0,), rng=seed).verdict.value == "pass"


def test_products_of_single_precision_state_what_would_be_seen() -> None:
    x = POINT.astype(np.float32)
    for report in (check_jvp(layer, jvp, x, rng=0), check_vjp(layer, vjp, x, rng=0)):
        assert report.verdict.value == "pass"
        (block,) = report.blocks.values()
        assert block.resolution is not None
        assert block.resolution < 1


COMPLEX: dict[str, Any] = {"a": np.array([1.0 + 2.0j, 0.5 - 1.0j]), "b": np.array([2.0])}


@pytest.mark.parametrize(
    ("claim", "match"),
    [
        (lambda g: [g["a"], g["b"]], "unknown|missing"),
        (lambda g: {"a": g["a"]}, "missing: b"),
        (lambda g: None, "None instead of the gradient"),
        (lambda g: {**g, "a": "text"}, "as a str"),
        (lambda g: g["a"], "missing"),
    ],
)
def test_another_nesting_beside_complex_inputs_is_refused(claim: Any, match: str) -> None:
    def fun(p: Any) -> Any:
        return np.array([np.sum(p["a"] ** 2).real, np.sum(p["b"])])

    def right(p: Any, u: Any) -> Any:
        return {"a": 2 * u[0] * np.conj(p["a"]), "b": u[1] * np.ones(1)}

    assert check_vjp(fun, right, COMPLEX, rng=0).verdict.value == "pass"
    with pytest.raises((SubjectError, SubjectTypeError), match=match):
        check_vjp(fun, lambda p, u: claim(right(p, u)), COMPLEX, rng=0)


def test_masked_entries_in_a_list_are_no_numbers() -> None:
    report = check_vjp(np.square, lambda x, u: [np.ma.masked, *(2 * x * u)[1:]], POINT, rng=0)
    assert slugs(report) == ["not-finite"]


def test_masked_entries_of_a_complex_gradient_are_no_numbers() -> None:
    point = COMPLEX["a"]

    def masked(x: Any, u: Any) -> Any:
        return np.ma.masked_array(2 * u * np.conj(x), [False, True])

    report = check_vjp(lambda x: np.sum(x**2).real, masked, point, rng=0)
    assert report.verdict.value == "fail"
    assert slugs(report) == ["not-finite"]
