"""What a check needs of a library of arrays; a library is asked only if the arrays of the user are its own."""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: A function of a list of arrays that returns a list of arrays, in the library's own kind.
Flat = Callable[..., Sequence[Any]]


#: Bits of the mantissa of bfloat16.
BFLOAT16_BITS = 7


def held(single: Array) -> Array:
    """Values in bfloat16 as NumPy holds them: in float16 where that is exact and not all is zero, else in float32.

    What reads the precision of an array from its type then sees a narrow one.
    """
    with np.errstate(over="ignore"):
        half = single.astype(np.float16)
    exact = np.array_equal(half.astype(np.float32), single, equal_nan=True)
    return half if exact and single.any() else single


class Framework(abc.ABC):
    """A library of arrays with automatic derivatives.

    Attributes
    ----------
    name : str
        As people write it.
    convention : {'adjoint', 'jax'}
        What its product with a complex cotangent is, as `check_vjp` has it.
    vjp_name, jvp_name, gradient_name : str
        Its functions for products and gradients, for messages.
    """

    name: str
    convention: Literal["adjoint", "jax"]
    vjp_name: str
    jvp_name: str
    gradient_name: str

    @abc.abstractmethod
    def owns(self, leaf: Any) -> bool:
        """Whether a leaf is an array of this library."""

    @abc.abstractmethod
    def to_numpy(self, leaf: Any) -> Array:
        """A copy as a NumPy array; of bfloat16, which NumPy does not have, in the type of `held`."""

    @abc.abstractmethod
    def from_numpy(self, array: Array, like: Any) -> Any:
        """A copy in the kind, and on the device, of another leaf, with the type of the NumPy array."""

    def tracked(self, leaf: Any, like: Any) -> Any:
        """The same array, with a graph if another one has it."""
        return leaf

    @abc.abstractmethod
    def is_bfloat16(self, leaf: Any) -> bool:
        """Whether it is an array of this library in that type."""

    @abc.abstractmethod
    def as_bfloat16(self, array: Array, like: Any) -> Any:
        """The same as `from_numpy`, rounded to that type."""

    @abc.abstractmethod
    def session(self, *, wide: bool) -> AbstractContextManager[Any]:
        """Where a function is called: double precision stays if it is there, and random numbers start anew."""

    @abc.abstractmethod
    def is_differentiable(self, leaf: Any) -> bool:
        """Whether a leaf is an array of this library of real or complex floats."""

    @abc.abstractmethod
    def vjp(self, function: Flat, primals: Sequence[Any], cotangents: Callable[[], Sequence[Array]]) -> list[Any]:
        """The library's own vector-Jacobian product.

        Cotangents, which are asked for after the function was called, are cast to the types of the outputs.
        """

    @abc.abstractmethod
    def gradient(self, function: Flat, primals: Sequence[Any]) -> list[Any]:
        """The library's own gradient of a function that returns one number, which can be differentiated again."""

    @abc.abstractmethod
    def jvp(self, function: Flat, primals: Sequence[Any], tangents: Sequence[Array]) -> list[Any]:
        """The library's own Jacobian-vector product; tangents are cast to the types of the primals."""
