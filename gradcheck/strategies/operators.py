"""The strategy `operators`: linear operators with their adjoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from gradcheck.errors import SubjectError
from gradcheck.strategies.choice import evenly
from gradcheck.strategies.drawn import generator
from gradcheck.strategies.linear_steps import LEAST, LINEAR, LinearStep
from gradcheck.strategies.numbers import SEEDS

Array = NDArray[Any]


class DrawnOperator:
    """A linear operator and its adjoint, made from names of steps and a seed.

    Parameters
    ----------
    steps : sequence of str
        In their order. One that needs two numbers is left out where there is one.
    size : int
        Number of inputs.
    dtype : str
        ``"float64"`` or ``"complex128"``.
    seed : int
        Seed of all numbers.

    Attributes
    ----------
    shape : tuple of int
    dtype : dtype
    x_like, y_like : ndarray
        Zeros, shaped like the input and like the output.

    Examples
    --------
    >>> import gradcheck
    >>> A = DrawnOperator(["convolution", "gather"], size=4)
    >>> A.shape
    (7, 4)
    >>> bool(gradcheck.check_adjoint(A.forward, A.adjoint, A.x_like, A.y_like, rng=0))
    True
    >>> bool(gradcheck.check_adjoint(A, rng=0))
    True
    """

    def __init__(self, steps: Sequence[str], *, size: int, dtype: str = "float64", seed: int = 0) -> None:
        self.dtype = np.dtype(dtype)
        self._steps: list[LinearStep] = []
        width = size
        for number, name in enumerate(steps):
            if name not in LINEAR:
                raise SubjectError(f"there is no step {name!r}: take one of {', '.join(LINEAR)}")
            if width < LEAST.get(name, 1):
                continue
            step = LINEAR[name](width, generator(seed, name, number), self.dtype.kind == "c")
            self._steps.append(step)
            width = step.size
        self.shape = (width, size)
        self.x_like, self.y_like = np.zeros(size, self.dtype), np.zeros(width, self.dtype)
        options = [f"size={size}", *([f"dtype={dtype!r}"] if dtype != "float64" else [])]
        self._call = f"DrawnOperator({list(steps)!r}, {', '.join([*options, *([f'seed={seed}'] if seed else [])])})"

    def __repr__(self) -> str:
        return self._call

    def forward(self, x: Array) -> Array:
        """The operator applied to an input."""
        for step in self._steps:
            x = step.forward(x)
        return x

    def adjoint(self, y: Array) -> Array:
        """Its adjoint applied to an output."""
        for step in reversed(self._steps):
            y = step.adjoint(y)
        return y

    def matvec(self, x: Array) -> Array:
        """As `forward`, under the name that operators of SciPy have."""
        return self.forward(x)

    def rmatvec(self, y: Array) -> Array:
        """As `adjoint`, under the name that operators of SciPy have."""
        return self.adjoint(y)


def operators(
    *,
    dtype: str | None = None,
    min_size: int = 1,
    max_size: int = 6,
    max_steps: int = 3,
    steps: Sequence[str] | None = None,
) -> st.SearchStrategy[DrawnOperator]:
    """Draw linear operators with right adjoints.

    Parameters
    ----------
    dtype : {'float64', 'complex128'}, optional
        Both by default.
    min_size, max_size : int
        Number of inputs.
    max_steps : int
        Largest number of steps that are composed.
    steps : sequence of str, optional
        Names of the steps; all by default.

    Returns
    -------
    SearchStrategy of DrawnOperator
        With `forward` and `adjoint`, which are also `matvec` and `rmatvec`, and `x_like`, `y_like`.

    Raises
    ------
    SubjectError
        If no number lies between the bounds, or a step or type does not exist.

    Examples
    --------
    >>> import gradcheck
    >>> from hypothesis import given
    >>> @given(operators())
    ... def test_my_dot_test(A):
    ...     gradcheck.assert_adjoint(A, rng=0)
    >>> from hypothesis import find
    >>> find(operators(), lambda A: A.shape[0] > A.shape[1])
    DrawnOperator(['matrix'], size=1)
    """
    if not 1 <= min_size <= max_size:
        raise SubjectError(f"no number lies between min_size={min_size} and max_size={max_size}")
    if max_steps < 1:
        raise SubjectError(f"max_steps is {max_steps}: an operator has at least one step")
    if dtype not in (None, "float64", "complex128"):
        raise SubjectError(f"dtype is {dtype!r}: pass 'float64', 'complex128', or None for both")
    names = list(LINEAR) if steps is None else list(steps)
    unknown = [name for name in names if name not in LINEAR]
    if unknown or not names:
        raise SubjectError(f"steps are {names!r}: take some of {', '.join(LINEAR)}")
    return st.builds(
        DrawnOperator,
        st.lists(evenly(names), min_size=1, max_size=max_steps),
        size=st.integers(min_size, max_size),
        dtype=st.sampled_from(["float64", "complex128"]) if dtype is None else st.just(dtype),
        seed=SEEDS,
    )
