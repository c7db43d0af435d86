"""Arrays of JAX. Its pull-back of a complex cotangent is the product with the transpose."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal, cast

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectTypeError
from gradcheck.subjects.frameworks.framework import Flat, Framework, held

Array = NDArray[Any]


class JaxArrays(Framework):
    """Arrays of JAX, and products from `jax.vjp` and `jax.jvp`."""

    name = "JAX"
    convention: Literal["adjoint", "jax"] = "jax"
    vjp_name, jvp_name, gradient_name = "jax.vjp", "jax.jvp", "jax.grad"

    def owns(self, leaf: Any) -> bool:
        """Whether it is an array of JAX."""
        return isinstance(leaf, jax.Array)

    def to_numpy(self, leaf: Any) -> Array:
        """A copy; what JAX traces a function with has no values, and stays as it is."""
        if isinstance(leaf, jax.core.Tracer):
            return cast("Array", leaf)
        if self.is_bfloat16(leaf):
            return held(np.array(leaf.astype(jnp.float32)))
        found = np.array(leaf)
        if found.dtype.kind == "V":
            raise SubjectTypeError(
                f"an array has the type {leaf.dtype}, which NumPy does not have: pass bfloat16, float16, float32 or "
                "float64"
            )
        return found

    def is_bfloat16(self, leaf: Any) -> bool:
        """Whether it is an array of that type."""
        return isinstance(leaf, jax.Array) and leaf.dtype == jnp.bfloat16

    def as_bfloat16(self, array: Array, like: Any) -> Any:
        """The same as `from_numpy`, rounded to that type."""
        return jnp.array(array).astype(jnp.bfloat16)

    def from_numpy(self, array: Array, like: Any) -> Any:
        """An array on the default device."""
        return jnp.array(array)

    def session(self, *, wide: bool) -> AbstractContextManager[Any]:
        """Without this JAX rounds double to single precision, and says nothing. Its random numbers have no state."""
        if not wide:
            return nullcontext()
        switch: Any = getattr(jax, "enable_x64", None)
        if switch is None:  # before 0.8
            switch = importlib.import_module("jax.experimental").enable_x64
        found: AbstractContextManager[Any] = switch(True)
        return found

    def is_differentiable(self, leaf: Any) -> bool:
        """Whether it is an array of floats or complex numbers."""
        return isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jnp.inexact)

    def vjp(self, function: Flat, primals: Sequence[Any], cotangents: Callable[[], Sequence[Array]]) -> list[Any]:
        """`jax.vjp`."""
        outputs, pull = jax.vjp(lambda *xs: tuple(function(*xs)), *primals)
        weights = (jnp.asarray(u.reshape(y.shape), y.dtype) for u, y in zip(cotangents(), outputs, strict=True))
        return list(pull(tuple(weights)))

    def gradient(self, function: Flat, primals: Sequence[Any]) -> list[Any]:
        """`jax.grad`."""

        def number(*xs: Any) -> Any:
            (value,) = function(*xs)
            return jnp.reshape(value, ())

        return list(jax.grad(number, argnums=tuple(range(len(primals))))(*primals))

    def jvp(self, function: Flat, primals: Sequence[Any], tangents: Sequence[Array]) -> list[Any]:
        """`jax.jvp`."""
        vectors = tuple(jnp.asarray(v.reshape(x.shape), x.dtype) for v, x in zip(tangents, primals, strict=True))
        _, found = jax.jvp(lambda *xs: tuple(function(*xs)), tuple(primals), vectors)
        return list(found)
