"""Arrays of other libraries, there and back; and which functions take several."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.subjects.frameworks.boundary import Boundary, numpy_tree
from gradcheck.subjects.frameworks.detection import framework_of

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
