"""A function and its gradient as a subject: ``fun`` and ``grad`` as `scipy.optimize.check_grad` takes them.

The gradient is a function, or an array with its values at the point alone.
"""

from __future__ import annotations

import copy
import math
import numbers
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.subjects.batch import counts_of, samples_of, split
from gradcheck.subjects.frameworks.framework import BFLOAT16_BITS
from gradcheck.subjects.guard import Guard, merged, named_arguments
from gradcheck.subjects.selection import Wrt
from gradcheck.subjects.subject import Point, Subject
from gradcheck.subjects.validation import type_name, validated_gradient, validated_loss, validated_parameters
from gradcheck.tracebacks import pass_on_signal

#: Said of a gradient that was passed as an array.
ONLY_HERE = (
    "the gradient was passed as an array: only your point was checked, and a mistake that does not show there is not "
    "seen; pass the function that computes the gradient to check a generic point nearby as well"
)

#: Said of parameters in a type that NumPy does not have.
HELD = "parameters in bfloat16 are shown as float32, which NumPy has; the claim is computed in bfloat16"

#: Said of a gradient with respect to complex parameters.
COMPLEX = (
    "complex parameters are checked as pairs of real ones: the last index of an entry is 0 for the real and 1 for the "
    "imaginary part, and the gradient is that by the real plus i times that by the imaginary part, as in PyTorch"
)


class FunctionArguments(NamedTuple):
    """What a `FunctionSubject` was made of."""

    fun: Callable[..., Any]
    grad: Any
    x0: Any
    args: Sequence[Any]
    wrt: Wrt
    bounds: Any


class FunctionSubject(Subject):
    """`fun(x, *args) -> loss` and `grad(x, *args) -> gradient`, or one function that returns both.

    Every call gets its own copy of the parameters, so that it cannot change those of the user. What it writes into
    further arguments is undone.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args)`` returns the loss, or ``(loss, gradient)`` where `grad` is True.
    grad : callable, True, or array or nesting of arrays
        Arrays are the gradient at `x0`. It is known there alone.
    x0 : array of floats, float, or nesting of dict, list, tuple of them
        A plain list of floats is read as an array, as SciPy does. Leaves that are not floats are left alone.
    args : sequence
        Further arguments of both.
    wrt : str or iterable of str, optional
        Names of the leaves of `x0` to check, or the beginnings of names.
    bounds : sequence of (low, high), or scipy.optimize.Bounds, optional
        Neither function is called outside. A point on a bound is moved a little inside.
    """

    parallel = True

    def __init__(
        self,
        fun: Callable[..., Any],
        grad: Any,
        x0: Any,
        args: Sequence[Any] = (),
        *,
        wrt: Wrt = None,
        bounds: Any = None,
    ) -> None:
        if not callable(fun):
            raise SubjectTypeError(f"fun is a {type(fun).__qualname__}: pass a function of the parameters")
        _require_gradient(grad, x0)
        if not isinstance(args, (tuple, list)):
            args = (args,)
        self._fun, self._grad, self._args = fun, grad, tuple(args)
        self.name = getattr(fun, "__qualname__", type(fun).__qualname__)
        self._source = f"{self.name}()"
        self.only_here = grad is not True and not callable(grad)
        if self.only_here:
            self._grad_source = "grad holds"
        else:
            of = self.name if grad is True else getattr(grad, "__qualname__", type(grad).__qualname__)
            self._grad_source = f"{of}() returned"
        whole = x0
        #: The arguments as they were given.
        self.as_given = FunctionArguments(fun, grad, x0, tuple(args), wrt, bounds)
        self._is_inside: Callable[[Point], bool] | None = None
        moved: tuple[str, ...] = ()
        if bounds is not None:
            from gradcheck.subjects.maps.domain import bounded

            x0, self._is_inside, moved = bounded(x0, bounds, wrt)
        if moved and self.only_here:
            raise SubjectError(
                "x0 lies on a bound, beyond which fun is not evaluated, and the gradient is known at x0 alone: pass "
                "the function that computes the gradient, or a point inside of the bounds"
            )
        if type(x0) in (list, tuple) and x0 and all(isinstance(entry, numbers.Number) for entry in x0):
            x0 = np.asarray(x0)
        self._parameters = validated_parameters(x0, "x0", wrt)
        self.blocks, given = self._parameters.blocks, self._parameters.arrays
        self._scalar = tuple(not isinstance(leaf, np.ndarray) for leaf in self._parameters.checked_leaves)
        self._types = tuple(array.dtype for array in given)
        self._remarks: dict[str, str] = {}
        self._notes: dict[str, None] = dict.fromkeys([*self._parameters.notes, *moved])
        if self.only_here:
            self._notes[ONLY_HERE] = None
        self._watched: set[int] = set()
        #: Leaves of `x0` that are left alone, as the function gets them in its own types and in float64.
        self._fixed = list(self._parameters.others.values())
        self._wide_fixed = list(map(_widened, self._fixed))
        #: Whether a type is narrower than float64.
        self._narrow = any(dtype.itemsize < 8 for dtype in self._types)
        #: Whether `fun` is evaluated in float64 then; None until its first evaluation shows whether it can be.
        self._promoted: bool | None = None if self._narrow else False
        self.point = tuple(np.array(array, dtype=np.promote_types(array.dtype, np.float64)) for array in given)
        names = [f"x0[{name!r}]" for name in self._parameters.others]
        left = [*zip(names, self._fixed, strict=True), *zip(names, self._wide_fixed, strict=True)]
        self._arguments = Guard([*named_arguments("args", self._args, fun, 1), *left])
        self._start = Guard([("x0", whole)])

    def loss(self, point: Point) -> float:
        """Loss at a point. Parameters of narrower types are promoted to float64 if the function accepts that.

        The first evaluation decides. A later exception means that the point is outside of the domain.
        """
        if self._is_inside is not None and not self._is_inside(point):
            return math.nan
        if self._promoted is None:
            try:
                value = self._value(self._call(self._fun, point, narrow=False))
            except Exception as error:
                pass_on_signal(error)
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
        if self._is_inside is not None and not self._is_inside(point):
            raise SubjectError(f"the gradient of {self.name} is not computed outside of bounds")
        if self.only_here:
            if not all(map(np.array_equal, point, self.point)):
                raise SubjectError(f"the gradient of {self.name} was passed as an array: it is known at x0 alone")
            result = self._grad
        elif self._grad is True:
            result = self._pair(self._call(self._fun, point, narrow=True))[1]
        else:
            result = self._call(self._grad, point, narrow=True)
        found = validated_gradient(result, self._parameters, self._grad_source, self._notes)
        return tuple(map(np.array, found)) if self.only_here else found

    def representable(self, point: Point) -> Point:
        """Round to the types of `x0`, in which `grad` is evaluated."""
        found = tuple(x.astype(dtype).astype(x.dtype) for x, dtype in zip(point, self._types, strict=True))
        if not self.coarse:
            return found
        blocks = zip(found, self.blocks, strict=True)
        return tuple(_rounded(x, self.coarse[b.name]) if b.name in self.coarse else x for x, b in blocks)

    def hold(self, coarse: Iterable[str], pairs: Iterable[str] = ()) -> None:
        """Say which parameters are in bfloat16, and which are pairs of the parts of complex ones; both are noted."""
        names, of_complex = set(coarse), set(pairs)
        self.coarse = {block.name: BFLOAT16_BITS for block in self.blocks if block.name in names}
        self.complex_blocks = frozenset(block.name for block in self.blocks if block.name in of_complex)
        notes = ([COMPLEX] if self.complex_blocks else []) + ([HELD] if self.coarse else [])
        self._notes |= dict.fromkeys(notes)

    def remarks(self) -> dict[str, str]:
        """Evidence that `fun` or `grad` writes into its arguments, if it does."""
        return merged(self._remarks.get("mutates-input", ""), self._arguments.evidence)

    def notes(self) -> tuple[str, ...]:
        """What is not checked, and what had to be assumed about the gradient."""
        return tuple(self._notes)

    def functions(self) -> tuple[Any, ...]:
        """`fun`, and `grad` if it is one."""
        return (self._fun, self._grad) if callable(self._grad) else (self._fun,)

    @property
    def evaluated_types(self) -> tuple[np.dtype[Any], ...]:
        """Types in which `fun` is evaluated: those of `x0` if it does not take wider ones."""
        narrow = self._narrow and self._promoted is False
        return self._types if narrow else tuple(x.dtype for x in self.point)

    @property
    def disturbed(self) -> bool:
        """Whether evaluations were made with arguments that an earlier one had changed."""
        return self._arguments.disturbed

    @contextmanager
    def session(self) -> Iterator[None]:
        """Restore `x0` and the further arguments bit for bit on exit, whatever happened."""
        with self._start.session(), self._arguments.session():
            yield

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
        if self.samples < 2 or self.only_here:
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
        fixed = self._fixed if narrow or not self._narrow else self._wide_fixed
        argument = self._parameters.nested(leaves, fixed)
        result = self._arguments.call(_called(function), lambda: function(argument, *self._args))
        if not watched:
            self._watched.add(id(function))
            self._note_changes(function, before, arrays)
        return result

    def _note_changes(self, function: Callable[..., Any], before: Sequence[Any], after: Sequence[Any]) -> None:
        for block, old, new in zip(self.blocks, before, after, strict=True):
            if not np.array_equal(old, new, equal_nan=True):
                self._remarks["mutates-input"] = f"{_called(function)} writes into its argument {block.name}"
                return


def _called(function: Callable[..., Any]) -> str:
    return f"{getattr(function, '__qualname__', type(function).__qualname__)}()"


def _require_gradient(grad: Any, x0: Any) -> None:
    """Refuse what is neither a function, nor True, nor arrays, and arguments in the wrong order."""
    if grad is True or callable(grad):
        return
    if callable(x0):
        raise SubjectTypeError(
            f"grad is a {type_name(grad)} and x0 a function: pass the function that computes the gradient before the "
            "point, check_gradients(fun, grad, x0)"
        )
    if (
        grad is None
        or isinstance(grad, (bool, str, bytes))
        or not isinstance(grad, (np.ndarray, np.generic, numbers.Number, list, tuple, dict))
    ):
        raise SubjectTypeError(
            f"grad is {grad!r}: pass the function that computes the gradient, True if fun returns (loss, gradient), or "
            "the gradient at x0 as an array"
            + ("; None stands for what PyTorch or JAX computes, where x0 holds their arrays" if grad is None else "")
        )


def _rounded(x: NDArray[Any], bits: int) -> NDArray[Any]:
    """The nearest numbers with so many bits behind the leading one."""
    fraction, exponent = np.frexp(x)
    return np.asarray(np.ldexp(np.round(np.ldexp(fraction, bits + 1)), exponent - bits - 1), dtype=x.dtype)


def _widened(leaf: Any) -> Any:
    """An array of floats in float64; anything else as it is."""
    if isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f" and leaf.dtype.itemsize < 8:
        return leaf.astype(np.float64)
    return leaf
