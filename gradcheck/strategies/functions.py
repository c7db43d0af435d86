"""The strategy `functions`: functions of an array with exact derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from gradcheck.errors import SubjectError
from gradcheck.strategies.choice import evenly
from gradcheck.strategies.drawn import generator
from gradcheck.strategies.numbers import DIGITS, SEEDS, numbers
from gradcheck.strategies.smooth_steps import PLAIN, SmoothStep, StepSpec, affine

Array = NDArray[Any]

#: Imaginary step: so short that its square vanishes beside 1.
IMAGINARY = 1e-30


class DrawnFunction:
    """A function, its exact derivatives and a point, made from names of steps and a seed.

    Parameters
    ----------
    steps : sequence of str or (str, int)
        In their order; ``("affine", 3)`` has three outputs.
    inputs : int
    scalar : bool
        Whether the value is half the sum of squares of what the steps give; then it has `grad` and `hess`.
    seed : int
        Seed of all numbers.
    digits : int or None
        Digits of the entries of the point; None means all.

    Attributes
    ----------
    x0 : ndarray
        The point.

    Examples
    --------
    >>> import gradcheck
    >>> f = DrawnFunction(["tanh", ("affine", 3), "cyclic"], inputs=2, seed=5)
    >>> f
    DrawnFunction(['tanh', ('affine', 3), 'cyclic'], inputs=2, seed=5)
    >>> f.jac(f.x0).shape
    (3, 2)
    >>> bool(gradcheck.check_jacobian(f, f.jac, f.x0, rng=0))
    True
    """

    def __init__(
        self, steps: Sequence[StepSpec], *, inputs: int, scalar: bool = False, seed: int = 0, digits: int | None = 2
    ) -> None:
        self._steps: list[SmoothStep] = []
        width = inputs
        for number, spec in enumerate(steps):
            name, outputs = (spec, width) if isinstance(spec, str) else spec
            if name == "affine":
                self._steps.append(affine(width, outputs, generator(seed, "affine", number)))
                width = outputs
            elif name in PLAIN:
                self._steps.append(PLAIN[name])
            else:
                raise SubjectError(f"there is no step {name!r}: take 'affine' or one of {', '.join(PLAIN)}")
        self.inputs, self.outputs, self.scalar = inputs, width, scalar
        self.x0 = np.asarray(numbers(generator(seed, "x0"), (inputs,), digits), dtype=np.float64)
        options = [f"inputs={inputs}", *(["scalar=True"] if scalar else []), *([f"seed={seed}"] if seed else [])]
        options += [f"digits={digits}"] if digits != 2 else []
        self._call = f"DrawnFunction({list(steps)!r}, {', '.join(options)})"
        self.__qualname__ = "DrawnFunction"

    def __repr__(self) -> str:
        return self._call

    def __call__(self, x: Array) -> Any:
        """The value at a point."""
        for step in self._steps:
            x = step.value(x)
        return (x * x).sum() / 2 if self.scalar else x

    def jvp(self, x: Array, v: Array) -> Any:
        """The Jacobian times a direction."""
        for step in self._steps:
            x, v = step.value(x), step.push(x, v)
        return (x * v).sum() if self.scalar else v

    def vjp(self, x: Array, u: Any) -> Array:
        """The transposed Jacobian times a cotangent."""
        points = []
        for step in self._steps:
            points.append(x)
            x = step.value(x)
        u = x * u if self.scalar else u
        for step, point in zip(reversed(self._steps), reversed(points), strict=True):
            u = step.pull(point, u)
        return np.asarray(u)

    def jac(self, x: Array) -> Array:
        """The Jacobian: one row for each output, one column for each input; of a number the gradient."""
        if self.scalar:
            return self.grad(x)
        return np.stack([self.jvp(x, column) for column in np.eye(self.inputs)], axis=1)

    def grad(self, x: Array) -> Array:
        """The gradient of a number.

        Raises
        ------
        SubjectError
            If the function has several outputs.
        """
        if not self.scalar:
            raise SubjectError(f"{self!r} has several outputs: draw it with functions(scalar=True)")
        return self.vjp(x, 1.0)

    def hess(self, x: Array) -> Array:
        """The Hessian of a number: the gradient at complex points, which is exact to rounding."""
        steps = 1j * IMAGINARY * np.eye(self.inputs)
        found = np.stack([self.grad(x + step).imag / IMAGINARY for step in steps], axis=1)
        return np.asarray((found + found.T) / 2)


def functions(
    *,
    scalar: bool = False,
    min_inputs: int = 1,
    max_inputs: int = 5,
    max_steps: int = 4,
    steps: Sequence[str] | None = None,
) -> st.SearchStrategy[DrawnFunction]:
    """Draw smooth functions of an array with exact derivatives.

    Parameters
    ----------
    scalar : bool
        Whether they return a number.
    min_inputs, max_inputs : int
        Numbers of entries of the point; numbers of outputs are at most as large.
    max_steps : int
        Largest number of steps that are composed.
    steps : sequence of str, optional
        Names of the steps; all by default.

    Returns
    -------
    SearchStrategy of DrawnFunction
        A function of one array with the methods `jac`, `jvp`, `vjp` and, if it returns a number, `grad` and `hess`, and
        a point `x0`. It shrinks to one step of one number.

    Raises
    ------
    SubjectError
        If no number lies between the bounds, or a step does not exist.

    Examples
    --------
    >>> import gradcheck
    >>> from hypothesis import given
    >>> @given(functions())
    ... def test_my_product_rule(f):
    ...     gradcheck.assert_vjp(f, f.vjp, f.x0, rng=0)
    >>> from hypothesis import find
    >>> find(functions(), lambda f: f.outputs > 1)
    DrawnFunction(['tanh'], inputs=2)
    """
    if not 1 <= min_inputs <= max_inputs:
        raise SubjectError(f"no number lies between min_inputs={min_inputs} and max_inputs={max_inputs}")
    if max_steps < 1:
        raise SubjectError(f"max_steps is {max_steps}: a function has at least one step")
    names = [*PLAIN, "affine"] if steps is None else list(steps)
    for name in names:
        if name != "affine" and name not in PLAIN:
            raise SubjectError(f"there is no step {name!r}: take 'affine' or one of {', '.join(PLAIN)}")
    if not names:
        raise SubjectError("the list of steps is empty: name at least one")

    def specified(name: str) -> st.SearchStrategy[StepSpec]:
        return st.just(name) if name != "affine" else st.tuples(st.just(name), st.integers(1, max_inputs))

    return st.builds(
        DrawnFunction,
        st.lists(evenly(names).flatmap(specified), min_size=1, max_size=max_steps),
        inputs=st.integers(min_inputs, max_inputs),
        scalar=st.just(scalar),
        seed=SEEDS,
        digits=DIGITS,
    )
