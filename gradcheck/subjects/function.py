"""A function and its gradient as a subject: ``fun`` and ``grad`` as `scipy.optimize.check_grad` takes them."""

from __future__ import annotations

import copy
import numbers
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from gradcheck.errors import SubjectTypeError
from gradcheck.subjects.batch import counts_of, samples_of, split
from gradcheck.subjects.subject import Point, Subject
from gradcheck.subjects.validation import validated_gradient, validated_loss, validated_parameters


class FunctionSubject(Subject):
    """`fun(x, *args) -> loss` and `grad(x, *args) -> gradient`, or one function that returns both.

    Every call gets its own copy of the parameters, so that it cannot change those of the user.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args)`` returns the loss, or ``(loss, gradient)`` where `grad` is True.
    grad : callable or True
    x0 : array of floats, float, or nesting of dict, list, tuple of them
        A plain list of floats is read as an array, as SciPy does.
    args : sequence
        Further arguments of both.
    """

    parallel = True

    def __init__(
        self, fun: Callable[..., Any], grad: Callable[..., Any] | Literal[True], x0: Any, args: Sequence[Any] = ()
    ) -> None:
        if not callable(fun):
            raise SubjectTypeError(f"fun is a {type(fun).__qualname__}: pass a function of the parameters")
        if grad is not True and not callable(grad):
            raise SubjectTypeError(
                f"grad is {grad!r}: pass the function that computes the gradient, or True if fun returns "
                "(loss, gradient)"
            )
        if not isinstance(args, (tuple, list)):
            args = (args,)
        self._fun, self._grad, self._args = fun, grad, tuple(args)
        if type(x0) in (list, tuple) and x0 and all(isinstance(entry, numbers.Number) for entry in x0):
            x0 = np.asarray(x0)
        self.blocks, given, self._structure = validated_parameters(x0, "x0")
        self._scalar = tuple(not isinstance(leaf, np.ndarray) for leaf in self._structure.leaves(x0))
        self._types = tuple(array.dtype for array in given)
        self.name = getattr(fun, "__qualname__", type(fun).__qualname__)
        self._source = f"{self.name}()"
        self._grad_source = (
            self._source if grad is True else f"{getattr(grad, '__qualname__', type(grad).__qualname__)}()"
        )
        self._remarks: dict[str, str] = {}
        self._watched: set[int] = set()
        self._bare = self._structure.bare
        #: Whether a type is narrower than float64.
        self._narrow = any(dtype.itemsize < 8 for dtype in self._types)
        #: Whether `fun` is evaluated in float64 then; None until its first evaluation shows whether it can be.
        self._promoted: bool | None = None if self._narrow else False
        self.point = tuple(np.array(array, dtype=np.promote_types(array.dtype, np.float64)) for array in given)

    def loss(self, point: Point) -> float:
        """Loss at a point. Parameters of narrower types are promoted to float64 if the function accepts that.

        The first evaluation decides. A later exception means that the point is outside of the domain.
        """
        if self._promoted is None:
            try:
                value = self._value(self._call(self._fun, point, narrow=False))
            except Exception:
                self._promoted = False
            else:
                self._promoted = True
                return value
        return self._value(self._call(self._fun, point, narrow=not self._promoted))

    def _value(self, result: Any) -> float:
        if self._grad is True:
            result = self._pair(result)[0]
        return result if type(result) is float else validated_loss(result, self._source)

    def gradient(self, point: Point) -> Point:
        """Claimed gradient at a point, computed in the user's own types."""
        if self._grad is True:
            result = self._pair(self._call(self._fun, point, narrow=True))[1]
        else:
            result = self._call(self._grad, point, narrow=True)
        return validated_gradient(result, self.blocks, self._structure, self._grad_source)

    def representable(self, point: Point) -> Point:
        """Round to the types of `x0`, in which `grad` is evaluated."""
        return tuple(x.astype(dtype).astype(x.dtype) for x, dtype in zip(point, self._types, strict=True))

    def remarks(self) -> dict[str, str]:
        """Evidence that `fun` or `grad` writes into its argument, if it does."""
        return dict(self._remarks)

    @property
    def batch(self) -> tuple[Any, ...]:
        """Further arguments of both functions."""
        return self._args

    @property
    def samples(self) -> int:
        """Common length of the first axes of the arrays in `args`; 1 if they differ."""
        return samples_of(self._args)

    def restricted(self, part: slice) -> Subject | None:
        """The same functions with a slice of the arrays in `args`."""
        if self.samples < 2:
            return None
        smaller = copy.copy(self)
        smaller._args = split(self._args, part)
        return smaller

    def counts(self) -> dict[int, str]:
        """Lengths and sizes of the arrays in `args`, or of `x0` if there are none."""
        return counts_of(self._args, self.blocks)

    def _pair(self, result: Any) -> tuple[Any, Any]:
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            raise SubjectTypeError(
                f"{self._source} returned a {type(result).__qualname__}: with grad=True it must return the pair "
                "(loss, gradient)"
            )
        return result[0], result[1]

    def _call(self, function: Callable[..., Any], point: Point, *, narrow: bool) -> Any:
        arrays: Sequence[Any] = point
        if narrow and self._narrow:
            arrays = [np.array(array, dtype=dtype) for array, dtype in zip(point, self._types, strict=True)]
        leaves = arrays
        if any(self._scalar):
            leaves = [array[()] if scalar else array for array, scalar in zip(arrays, self._scalar, strict=True)]
        watched = id(function) in self._watched
        before = [] if watched else [array.copy() for array in arrays]
        result = function(leaves[0] if self._bare else self._structure.unflatten(leaves), *self._args)
        if not watched:
            self._watched.add(id(function))
            self._note_changes(function, before, arrays)
        return result

    def _note_changes(self, function: Callable[..., Any], before: Sequence[Any], after: Sequence[Any]) -> None:
        for block, old, new in zip(self.blocks, before, after, strict=True):
            if not np.array_equal(old, new, equal_nan=True):
                name = getattr(function, "__qualname__", type(function).__qualname__)
                self._remarks["mutates-input"] = f"{name}() writes into its argument {block.name}"
                return
