"""Arrays of other libraries, there and back; and which functions take several."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.subjects.frameworks.boundary import Boundary, numpy_tree
from gradcheck.subjects.frameworks.detection import framework_of, memory_of

torch = pytest.importorskip("torch")
jnp = pytest.importorskip("jax.numpy")

VALUES = np.array([[0.5, -1.0], [2.0, 3.0]])


def test_the_library_is_that_of_the_leaves() -> None:
    assert framework_of({"a": VALUES, "n": 3}) is None
    assert getattr(framework_of({"a": VALUES, "b": [torch.ones(2)]}), "name", None) == "PyTorch"
    assert getattr(framework_of((jnp.ones(2), 1.0)), "name", None) == "JAX"


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "complex128", "int64", "bool"])
def test_tensors_there_and_back(dtype: str) -> None:
    x0 = {"a": torch.tensor(VALUES.astype(dtype)).T, "n": 3, "b": VALUES}
    boundary = Boundary(x0)
    assert boundary.x0["a"].dtype == np.dtype(dtype)
    np.testing.assert_array_equal(boundary.x0["a"], VALUES.astype(dtype).T)
    back = boundary.restored(boundary.x0)
    assert back["a"].dtype == x0["a"].dtype
    assert back["b"] is boundary.x0["b"]
    assert back["n"] == 3
    back["a"].zero_()
    np.testing.assert_array_equal(x0["a"].numpy(), VALUES.astype(dtype).T)


def test_conjugated_and_sparse_tensors() -> None:
    z = torch.tensor(VALUES + 1j).conj()
    framework = framework_of(z)
    assert framework is not None
    np.testing.assert_array_equal(numpy_tree(z, framework), VALUES - 1j)
    np.testing.assert_array_equal(numpy_tree(torch.tensor(VALUES).to_sparse(), framework), VALUES)


def test_double_precision_of_jax_where_the_point_has_it() -> None:
    seen = []

    def fun(x: Any) -> Any:
        seen.append(x.dtype)
        return x * 2

    called = Boundary(jnp.array(VALUES)).function(fun)
    assert called(VALUES).dtype == np.float64
    assert called(VALUES.astype(np.float32)).dtype == np.float32
    assert [str(dtype) for dtype in seen] == ["float64", "float32"]


def two(a: Any, b: Any) -> Any:
    return a, b


def either(a: Any, b: Any = None) -> Any:
    return a, b


@pytest.mark.parametrize(
    ("x0", "fun", "extra", "expected"),
    [
        ((VALUES, VALUES), two, 0, True),
        ((VALUES, VALUES), two, 1, False),
        ((VALUES, VALUES), either, 0, False),
        ((VALUES, VALUES), np.add, 0, True),
        ((VALUES, VALUES), np.exp, 0, False),
        ([VALUES, VALUES], two, 0, False),
        (VALUES, two, 0, False),
        ((torch.ones(2), torch.ones(2)), either, 0, True),
        ((torch.ones(2), torch.ones(2)), torch.add, 0, True),
        ((torch.ones(2), torch.ones(2)), lambda x: x, 0, False),
        ((torch.ones(2), torch.ones(2)), lambda x, u: x, 1, False),
        ((jnp.ones(2), jnp.ones(2)), two, 0, True),
    ],
)
def test_functions_that_take_several(x0: Any, fun: Any, extra: int, expected: bool) -> None:
    assert Boundary(x0).takes_several(fun, (), extra) is expected


def test_own_products_against_formulas() -> None:
    """Of a ⊙ exp(b) with an integer beside it."""
    x0 = (torch.tensor(VALUES), torch.tensor(VALUES / 3), 2)

    def fun(a: Any, b: Any, n: int) -> Any:
        return {"y": a * torch.exp(b) * n, "n": torch.tensor([n])}

    boundary = Boundary(x0)
    u, v = {"y": np.cos(VALUES), "n": np.array([1.0])}, (np.sin(VALUES), np.cos(VALUES), 0)
    e = np.exp(VALUES / 3)
    first, second, _ = boundary.own_vjp(fun)(boundary.x0, u)
    np.testing.assert_allclose(first, 2 * u["y"] * e)
    np.testing.assert_allclose(second, 2 * u["y"] * VALUES * e)
    pushed = boundary.own_jvp(fun)(boundary.x0, v)
    np.testing.assert_allclose(pushed["y"], 2 * e * (v[0] + VALUES * v[1]))
    np.testing.assert_array_equal(pushed["n"], [0.0])


BF16 = np.array([[0.5, -1.0], [3.0, 1.0078125]])


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_bfloat16_is_held_in_float32_and_rounded_on_the_way_back(library: str) -> None:
    """A point in single precision is one of the user's own type; one in double precision is a promoted one."""
    x0: Any = torch.tensor(BF16).bfloat16() if library == "torch" else jnp.array(BF16, jnp.bfloat16)
    boundary = Boundary({"a": x0, "b": torch.ones(2) if library == "torch" else jnp.ones(2)})
    assert boundary.coarse == {"a"}
    assert boundary.x0["a"].dtype == np.float32
    np.testing.assert_array_equal(boundary.x0["a"], BF16)
    back = boundary.restored({"a": np.float32(BF16 + 1e-4), "b": np.ones(2, np.float32)})
    assert (str(back["a"].dtype).split(".")[-1], str(back["b"].dtype).split(".")[-1]) == ("bfloat16", "float32")
    assert boundary.framework is not None
    np.testing.assert_array_equal(boundary.framework.to_numpy(back["a"]).astype(np.float64), BF16)
    if library == "torch":
        assert boundary.restored({"a": BF16, "b": np.ones(2)})["a"].dtype == torch.float64


def test_bfloat16_is_shown_in_a_type_of_its_precision_where_that_is_exact() -> None:
    framework = framework_of(torch.ones(1))
    assert framework is not None
    for values, dtype in (([1.5, 0.0], "float16"), ([1e30, 1.0], "float32"), ([1e-30], "float32"), ([0.0], "float32")):
        found = framework.to_numpy(torch.tensor(values).bfloat16())
        assert found.dtype == np.dtype(dtype)
        np.testing.assert_allclose(found, values, rtol=2.0**-8)


def test_graphs_and_strides_are_those_of_the_user() -> None:
    x0 = torch.tensor(VALUES).T.requires_grad_()
    boundary = Boundary(x0)
    plain, tracked = boundary.restored(VALUES.T), boundary.restored(VALUES.T, tracked=True)
    assert (plain.requires_grad, tracked.requires_grad) == (False, True)
    assert plain.stride() == x0.stride()
    assert not Boundary(torch.tensor(VALUES)).restored(VALUES, tracked=True).requires_grad


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_the_own_gradient_and_the_own_hessian(library: str) -> None:
    """Of Σ x⁴ these are 4 x³ and 12 x² v."""
    boundary = Boundary(torch.tensor(VALUES) if library == "torch" else jnp.array(VALUES))
    lib: Any = torch if library == "torch" else jnp

    def fun(x: Any) -> Any:
        return lib.sum(x**4)

    np.testing.assert_allclose(boundary.own_gradient(fun)(VALUES), 4 * VALUES**3, rtol=1e-6)
    np.testing.assert_allclose(
        boundary.own_hessp(fun)(VALUES, 0.5 + VALUES), 12 * VALUES**2 * (0.5 + VALUES), rtol=1e-6
    )


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_the_own_gradient_by_complex_numbers_is_that_by_their_parts(library: str) -> None:
    """Re z² = a² − b² has the gradient 2 a − 2 b i, whichever convention the library has."""
    z = VALUES + 1j * VALUES.T
    boundary = Boundary(torch.tensor(z) if library == "torch" else jnp.array(z))
    lib: Any = torch if library == "torch" else jnp
    found = boundary.own_gradient(lambda z: lib.sum(lib.real(z**2)))(z)
    np.testing.assert_allclose(found, 2 * z.conj(), rtol=1e-6)


def test_the_memory_of_tensors() -> None:
    x = torch.tensor(VALUES)
    found = memory_of(x)
    assert found is not None
    found[0, 0] = 7.0
    assert x[0, 0] == 7.0
    assert memory_of(torch.ones(2).bfloat16()) is not None
    assert memory_of(x.requires_grad_()) is not None
    assert memory_of(torch.tensor(VALUES + 1j).conj()) is not None
    for other in (jnp.ones(2), VALUES, 3.0, None, torch.tensor(VALUES).to_sparse()):
        assert memory_of(other) is None
