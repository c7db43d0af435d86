"""Functions of tensors and of JAX's arrays: their own products pass, wrong rules fail, and NumPy's have none."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import check_jacobian, check_jvp, check_vjp
from gradcheck.errors import SubjectError, SubjectTypeError
from tests.checks.maps.maps import slugs

torch = pytest.importorskip("torch")
jax = pytest.importorskip("jax")
jnp = pytest.importorskip("jax.numpy")

VALUES = np.array([0.5, -1.0, 2.0])


def tensor(values: Any = VALUES, dtype: Any = None) -> Any:
    return torch.tensor(values, dtype=dtype or torch.float64)


#: A way to make an array, and the library's functions under the names that both have.
LIBRARIES: dict[str, tuple[Any, Any]] = {
    "torch": (tensor, torch),
    "torch, single": (lambda values=VALUES: tensor(values, torch.float32), torch),
    "jax": (lambda values=VALUES: jnp.array(values), jnp),
}


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("check", [check_vjp, check_jvp])
def test_the_own_product_passes(library: str, check: Any) -> None:
    make, lib = LIBRARIES[library]
    report = check(lambda x: lib.tanh(x) * lib.sum(x), None, make(), rng=0)
    assert report.verdict.value == "pass", str(report)
    assert report.rtol == (5e-5 if library == "torch" else 1e-2)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("check", [check_vjp, check_jvp])
def test_nested_outputs_with_one_that_has_no_derivative(library: str, check: Any) -> None:
    make, lib = LIBRARIES[library]
    report = check(lambda x: {"s": lib.sin(x["a"]) * x["b"], "i": lib.argmax(x["a"])}, None, {"a": make(), "b": make()})
    assert report.verdict.value == "pass", str(report)
    assert {"(s, a)", "(s, b)"} <= set(report.blocks)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("check", [check_vjp, check_jvp])
def test_a_tuple_is_several_arguments(library: str, check: Any) -> None:
    make, lib = LIBRARIES[library]

    def fun(a: Any, b: Any) -> Any:
        return lib.exp(a) * b, lib.sum(a)

    report = check(fun, None, (make(), make(2 * VALUES)), rng=0)
    assert report.verdict.value == "pass"
    assert list(report.blocks) == ["(0, 0)", "(0, 1)", "(1, 0)", "(1, 1)"]
    assert check(lambda pair: pair[0] * pair[1], None, (make(), make()), rng=0).verdict.value == "pass"


def pulled(x: Any, u: Any) -> Any:
    return x[1] * u, x[0] * u


def pulled_apart(a: Any, b: Any, u: Any) -> Any:
    return b * u, a * u


@pytest.mark.parametrize("vjp", [pulled, pulled_apart])
@pytest.mark.parametrize("make", [tensor, jnp.array, np.array])
def test_hand_written_products_of_several_arguments(vjp: Any, make: Any) -> None:
    multiply = {tensor: torch.mul, jnp.array: jnp.multiply, np.array: np.multiply}[make]
    x0 = (make(VALUES), make(2 * VALUES))
    assert check_vjp(multiply, vjp, x0, rng=0).verdict.value == "pass"

    def wrong(*arguments: Any) -> Any:
        first, second = vjp(*arguments)
        return first, -second

    report = check_vjp(multiply, (lambda x, u: wrong(x, u)) if vjp is pulled else (lambda a, b, u: wrong(a, b, u)), x0)
    assert [name for name, block in report.blocks.items() if not block.passes] == ["1"]
    assert slugs(report) == ["sign-flipped"]


class RoundedExp(torch.autograd.Function):  # type: ignore[misc, name-defined]
    """A backward pass for another argument than the forward pass."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x.exp()

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        (x,) = ctx.saved_tensors
        return grads[0] * x.exp() * (1 + 1e-3)


class Exp(RoundedExp):
    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        (x,) = ctx.saved_tensors
        return grads[0] * x.exp()


def test_a_custom_function_of_pytorch() -> None:
    assert check_vjp(Exp.apply, None, tensor(), rng=0).verdict.value == "pass"
    report = check_vjp(RoundedExp.apply, None, tensor(), rng=0)
    assert report.verdict.value == "fail"
    assert slugs(report) == ["constant-factor"]


@pytest.mark.parametrize(("factor", "expected"), [(1.0, "pass"), (1.1, "fail")])
def test_a_custom_rule_of_jax(factor: float, expected: str) -> None:
    sine = jax.custom_vjp(lambda x: jnp.sin(x))
    sine.defvjp(lambda x: (jnp.sin(x), x), lambda x, u: (factor * u * jnp.cos(x),))
    report = check_vjp(sine, None, jnp.array(VALUES), rng=0)
    assert report.verdict.value == expected
    assert report.evaluations <= 60 or expected == "fail"


@pytest.mark.parametrize(("make", "exp"), [(lambda z: torch.tensor(z), torch.exp), (jnp.array, jnp.exp)])
def test_complex_cotangents_follow_the_convention_of_the_library(make: Any, exp: Any) -> None:
    z = make(VALUES + 1j * VALUES[::-1])
    assert check_vjp(lambda z: exp(z) * z.conj(), None, z, rng=0).verdict.value == "pass"
    assert check_jvp(lambda z: exp(z) * z.conj(), None, z, rng=0).verdict.value == "pass"


def test_a_pair_of_outputs_and_pull_back() -> None:
    def pair(x: Any) -> Any:
        return torch.func.vjp(torch.sin, x)

    def one(u: Any, pull: Any) -> Any:
        return pull(u)[0]

    def right(x: Any) -> Any:
        y, pull = pair(x)
        return y, lambda u: one(u, pull)

    def wrong(x: Any) -> Any:
        y, pull = pair(x)
        return y, lambda u: one(u, pull) * x

    assert check_vjp(right, True, tensor(), rng=0).verdict.value == "pass"
    assert check_vjp(wrong, True, tensor(), rng=0).verdict.value == "fail"


@pytest.mark.parametrize("library", LIBRARIES)
def test_jacobians_of_tensors(library: str) -> None:
    make, lib = LIBRARIES[library]
    jacrev = jax.jacrev if lib is jnp else torch.func.jacrev
    x0 = (make(), make(2 * VALUES))

    def fun(a: Any, b: Any) -> Any:
        return lib.sin(a) * b

    right = jacrev(fun, argnums=(0, 1))
    assert check_jacobian(fun, right, x0, rng=0).verdict.value == "pass"
    assert check_jacobian(fun, right(*x0), x0, rng=0).verdict.value == "pass"
    report = check_jacobian(fun, lambda a, b: right(a, b)[::-1], x0, rng=0)
    assert report.verdict.value == "fail"


@pytest.mark.parametrize("factor", [1.0, -1.0])
@pytest.mark.parametrize("library", LIBRARIES)
def test_adjoints_of_tensors(library: str, factor: float) -> None:
    make, _ = LIBRARIES[library]
    matrix = make(np.array([[1.0, -2.0, 0.5], [0.3, 0.7, -1.1]]))

    def forward(x: Any) -> Any:
        return matrix @ x

    def adjoint(y: Any) -> Any:
        return factor * matrix.T @ y

    report = gradcheck.check_adjoint(forward, adjoint, make(), make(VALUES[:2]), rng=0)
    assert report.verdict.value == ("pass" if factor == 1 else "fail"), str(report)


def test_transposed_convolution_is_the_adjoint_of_a_convolution() -> None:
    kernel = tensor(np.random.default_rng(0).normal(size=(3, 2, 3)))

    def forward(x: Any) -> Any:
        return torch.nn.functional.conv1d(x, kernel)

    def adjoint(y: Any) -> Any:
        return torch.nn.functional.conv_transpose1d(y, kernel)

    like = tensor(np.zeros((1, 2, 8))), tensor(np.zeros((1, 3, 6)))
    assert gradcheck.check_adjoint(forward, adjoint, *like, rng=0).verdict.value == "pass"
    report = gradcheck.check_adjoint(forward, lambda y: adjoint(y.flip(-1)), *like, rng=0)
    assert report.verdict.value == "fail"


def test_on_a_sphere() -> None:
    x0 = tensor([0.6, 0.0, 0.8])
    sphere: dict[str, Any] = {
        "retract": lambda x, v: (x + v) / torch.linalg.norm(x + v),
        "project": lambda x, v: v - x * (x @ v),
    }
    assert check_vjp(torch.cumsum, None, x0, args=(0,), rng=0, **sphere).verdict.value == "pass"
    assert check_jvp(lambda x: x**2, lambda x, v: 2 * v * x, x0, rng=0, **sphere).verdict.value == "pass"
    assert check_jvp(lambda x: x**2, lambda x, v: v * x, x0, rng=0, **sphere).verdict.value == "fail"


@pytest.mark.parametrize("check", [check_vjp, check_jvp])
def test_dropout_draws_the_same_mask_at_each_call_and_the_generator_is_put_back(check: Any) -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    report = check(torch.nn.Dropout(0.5), None, tensor(np.arange(1.0, 9.0)), rng=0)
    assert report.verdict.value == "pass", str(report)
    assert torch.equal(torch.get_rng_state(), before)


def test_users_arrays_are_left_as_they_are() -> None:
    x0 = tensor().requires_grad_()
    assert check_vjp(lambda x: x.mul_(2), None, x0, rng=0).verdict.value in ("pass", "undecided")
    np.testing.assert_array_equal(x0.detach().numpy(), VALUES)
    assert x0.grad is None
    assert not jax.config.jax_enable_x64


def test_numpy_has_no_product_of_its_own() -> None:
    with pytest.raises(SubjectTypeError, match=r"^vjp is None.* pass vjp\(x, u\).*torch\.tensor"):
        check_vjp(np.tanh, None, VALUES)
    with pytest.raises(SubjectTypeError, match=r"^jvp is None.* pass jvp\(x, v\)"):
        check_jvp(np.tanh, None, {"x": VALUES})
    with pytest.raises(SubjectTypeError, match="arrays of PyTorch and of JAX"):
        check_vjp(lambda x: x, None, {"a": tensor(), "b": jnp.array(VALUES)})
    with pytest.raises(SubjectTypeError, match=r"torch\.float8_e4m3fn, which NumPy does not have"):
        check_vjp(torch.tanh, None, tensor().to(torch.float8_e4m3fn))
    with pytest.raises(SubjectError, match="direction is zero"):
        check_vjp(torch.tanh, None, tensor(), direction=0 * tensor())


def test_a_check_of_numpy_arrays_loads_no_library() -> None:
    code = (
        "import sys, numpy as np, gradcheck;"
        "gradcheck.check_vjp(np.tanh, lambda x, u: u / np.cosh(x) ** 2, np.ones(3));"
        "assert not {'torch', 'jax'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_functions_that_take_one_or_several() -> None:
    """A function of NumPy arrays gets a tuple as it is, unless it cannot take it."""

    def either(a: Any, b: Any = None) -> Any:
        return a[0] * a[1] if b is None else a * b * np.inf

    x0 = (VALUES, 2 * VALUES)
    assert gradcheck.check_vjp(either, pulled, x0, rng=0).verdict.value == "pass"
    assert gradcheck.check_vjp(lambda a, b: a * b, pulled, x0, rng=0).verdict.value == "pass"
