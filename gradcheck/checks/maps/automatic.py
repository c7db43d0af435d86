"""The derivative that JAX computes, as a witness: for functions that it can trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectError
from gradcheck.subjects.maps.map_subject import MapSubject
from gradcheck.subjects.pytree import flatten
from gradcheck.subjects.subject import Point
from gradcheck.tracebacks import pass_on_signal

Vector = NDArray[np.float64]


def require_jax() -> None:
    """Refuse the method where JAX is not installed. Raises `SubjectError`, which says how to get it."""
    try:
        import jax  # noqa: F401
    except ImportError:
        raise SubjectError("method='jax' needs JAX: pip install 'gradcheck[jax]'") from None


def pushed_by_jax(subject: MapSubject, vectors: Point, cotangent: Vector) -> tuple[Vector | None, str]:
    """The terms of ⟨u, J v⟩ as JAX computes them, in double precision; or why it cannot.

    In forward mode the terms are those of the outputs, in reverse mode, where a function has a rule for that alone,
    those of the inputs.
    """
    import jax
    import jax.numpy as jnp

    from gradcheck.subjects.frameworks.jax_arrays import JaxArrays

    def flat(*leaves: Any) -> Any:
        found, _ = flatten(subject.returned_for(leaves), "f")
        return jnp.concatenate([jnp.ravel(jnp.asarray(leaf, float)) for leaf in found])

    try:
        with JaxArrays().session(wide=True):
            point = tuple(jnp.array(x) for x in subject.point)
            directions = tuple(jnp.array(v) for v in vectors)
            try:
                pushed = jax.jvp(flat, point, directions)[1]
                return cotangent * np.asarray(pushed, dtype=np.float64), ""
            except TypeError as error:
                if "custom_vjp" not in str(error):
                    raise
                pulled: Sequence[Any] = jax.vjp(flat, *point)[1](jnp.array(cotangent))
                return np.concatenate([np.ravel(np.asarray(g) * v) for g, v in zip(pulled, vectors, strict=True)]), ""
    except Exception as error:
        pass_on_signal(error)
        return None, f"{type(error).__name__}: {str(error).partition(chr(10))[0].rstrip('.')}"
