"""A function and its gradient, of tensors, arrays of JAX or complex numbers, as functions of real NumPy arrays."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck.subjects.frameworks.boundary import Boundary, require_framework
from gradcheck.subjects.real_parts import RealParameters
from gradcheck.subjects.selection import Wrt


@dataclass(frozen=True, slots=True)
class GivenGradient:
    """A function and its gradient of real NumPy arrays.

    Attributes
    ----------
    fun, grad : callable or object
        As `FunctionSubject` takes them.
    x0 : array or nesting of arrays
    boundary : Boundary
    wrt : str, iterable of str or None
        What was asked for; of the gradient that a library computes its own arrays alone.
    complex_names : frozenset of str
        Leaves that are pairs of real and imaginary parts.
    """

    fun: Any
    grad: Any
    x0: Any
    boundary: Boundary
    wrt: Wrt = None
    complex_names: frozenset[str] = frozenset()


def given_gradient(fun: Any, grad: Any, x0: Any, args: Sequence[Any] = (), wrt: Wrt = None) -> GivenGradient:
    """Read a function and its gradient.

    Parameters
    ----------
    fun : callable
        Of the point, or of several arguments where `x0` is a tuple and `fun` takes several.
    grad : callable, True, None, array or nesting of arrays
        None stands for what the library of the arrays computes.
    x0 : array or nesting of arrays
        Of NumPy, PyTorch or JAX, real or complex.
    args : sequence
        Further arguments of both.
    wrt : str or iterable of str, optional
        Names of the leaves of `x0` to check.

    Raises
    ------
    SubjectTypeError
        If `x0` holds arrays of two libraries, or a library is asked for a gradient with respect to something else.
    """
    args = tuple(args) if isinstance(args, (tuple, list)) else (args,)
    boundary = Boundary(x0)
    if not callable(fun):
        return GivenGradient(fun, grad, boundary.x0, boundary, wrt)  # an error says so
    own: Any = grad
    if grad is None and boundary.framework is not None:
        own, wrt = boundary.own_gradient(fun, args), boundary.own_wrt(wrt)
    elif grad is True:
        own = True
    elif callable(grad) or boundary.framework is not None:
        own = boundary.derivative(grad, args)
    found = boundary.function(fun, args, tracked=own is True)
    return _in_real_numbers(GivenGradient(found, own, boundary.x0, boundary, wrt))


def gradient_of_library(boundary: Boundary, fun: Callable[..., Any], args: Sequence[Any]) -> Callable[..., Any]:
    """What the library of the arrays computes, in the place of a gradient that is None.

    Raises
    ------
    SubjectTypeError
        If they are those of NumPy.
    """
    instead = "the function that computes the gradient, True if fun returns (value, gradient)"
    require_framework(boundary, "grad", instead)
    return boundary.own_gradient(fun, args)


def _in_real_numbers(given: GivenGradient) -> GivenGradient:
    """The same with the real and imaginary parts of complex parameters in their place."""
    real = RealParameters(given.x0)
    if not real.complex_names:
        return given
    fun, grad = given.fun, given.grad

    def value(x: Any, *args: Any) -> Any:
        return fun(real.restored(x), *args)

    def both(x: Any, *args: Any) -> Any:
        found = value(x, *args)
        pair = isinstance(found, (tuple, list)) and len(found) == 2
        return (found[0], real.paired(found[1])) if pair else found

    def gradient(x: Any, *args: Any) -> Any:
        return real.paired(grad(real.restored(x), *args))

    named = functools.partial(functools.update_wrapper, updated=())
    if grad is True:
        return GivenGradient(named(both, fun), True, real.x0, given.boundary, given.wrt, real.complex_names)
    claim = named(gradient, grad) if callable(grad) else real.paired(grad)
    return GivenGradient(named(value, fun), claim, real.x0, given.boundary, given.wrt, real.complex_names)
