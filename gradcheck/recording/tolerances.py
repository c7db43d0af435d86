"""Tolerances at which functions stop, and calls that stop later.

Solvers, integrators and quadratures call them alike in all libraries, and so do most functions that people write. What
such a function returns is off by about its tolerance. A call with a smaller one tells how much of a gap is its doing.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import numbers
import sys
import types
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from gradcheck.recording.exact_functions import is_to_rounding
from gradcheck.recording.program import codes_in
from gradcheck.recording.settings import RECORDING

#: Parameters that say when a function stops.
NAMES = ("rtol", "atol", "tol", "btol", "xtol", "ftol", "gtol", "epsabs", "epsrel")

#: Tolerances of functions that do not have them in their signature, but hand them on.
_HANDED_ON = {("scipy.integrate", "solve_ivp"): {"rtol": 1e-3, "atol": 1e-6}}


def tolerances_of(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, float]:
    """The tolerances of a call, by name; none where it has none, is exact to rounding, or does not fit the function.

    A tolerance of zero, or None, is no number to make smaller.

    Examples
    --------
    >>> from scipy.optimize import newton
    >>> tolerances_of(newton, (len, 1.0), {})
    {'tol': 1.48e-08}
    """
    known = _known(function)
    if known is None:
        return {}
    signature, found = known
    names = [name for name in NAMES if name in signature.parameters]
    try:
        given = signature.bind(*args, **kwargs).arguments if names or found else {}
    except TypeError:  # the call raises by itself
        return {}
    found = {**found, **{name: signature.parameters[name].default for name in names}}
    found |= {name: value for name, value in (given | kwargs).items() if name in found}
    return {name: float(value) for name, value in found.items() if _is_tolerance(value)}


def tightened_call(
    function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], factor: float
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a call with its tolerances times a factor, but none that rounding does not allow.

    Parameters
    ----------
    function : callable
    args : tuple
    kwargs : dict
    factor : float
    """
    found = tolerances_of(function, args, kwargs)
    if not found:
        return args, kwargs
    least = RECORDING.least_tolerance
    smaller = {name: max(factor * value, min(value, least)) for name, value in found.items()}
    positional = [
        name
        for name, each in inspect.signature(function).parameters.items()
        if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)
    ]
    given = tuple(smaller.pop(name, value) for name, value in zip(positional, args, strict=False))
    return (*given, *args[len(given) :]), kwargs | smaller


def may_stop(functions: Iterable[Any]) -> bool:
    """Whether functions written in Python name one that has a tolerance, as far as can be told without calling them."""
    return any(_takes_tolerance(each) for function in functions for each in _named(function))


def _named(function: Any) -> Iterator[Any]:
    """What the names in a function stand for, and the attributes of modules among them."""
    codes = (function.__code__, *codes_in(function.__code__))
    names = {name for code in codes for name in code.co_names}
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError):  # an empty one
            yield cell.cell_contents
    found = [function.__globals__[name] for name in names if name in function.__globals__]
    yield from found
    modules = [each for each in found if isinstance(each, types.ModuleType)]
    imported = [sys.modules[name] for name in names if name in sys.modules]
    while modules or imported:
        module = (modules or imported).pop()
        for name in names & vars(module).keys():
            each = vars(module)[name]
            if not isinstance(each, types.ModuleType):
                yield each
            elif each.__name__.startswith(f"{module.__name__}."):
                modules.append(each)


def _takes_tolerance(thing: Any) -> bool:
    return callable(thing) and not isinstance(thing, np.ufunc) and _known(thing) is not None


def _is_tolerance(value: Any) -> bool:
    is_number = isinstance(value, numbers.Real) and not isinstance(value, (bool, numbers.Integral))
    return is_number and RECORDING.least_tolerance < float(value) <= RECORDING.most_tolerance


def _known(function: Any) -> tuple[inspect.Signature, dict[str, float]] | None:
    code = getattr(function, "__code__", None)
    if isinstance(code, types.CodeType) and _takes_none(code) and not vars(function):
        return None
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    lasting = module is not None and getattr(module, getattr(function, "__qualname__", ""), None) is function
    return _cached_signature(function) if lasting else _signature(function)


@functools.lru_cache(maxsize=1000)
def _takes_none(code: types.CodeType) -> bool:
    """Whether no parameter of a function that is written in Python is a tolerance, or hands one on."""
    named = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return not code.co_flags & inspect.CO_VARKEYWORDS and not set(NAMES) & set(named)


@functools.lru_cache(maxsize=1000)
def _cached_signature(function: Any) -> tuple[inspect.Signature, dict[str, float]] | None:
    return _signature(function)


def _signature(function: Any) -> tuple[inspect.Signature, dict[str, float]] | None:
    """The signature of a function that may stop at a tolerance, and tolerances that are not in it."""
    if is_to_rounding(function):
        return None
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # compiled
        return None
    module, name = getattr(function, "__module__", None) or "", getattr(function, "__name__", "")
    matching = (own for (room, called), own in _HANDED_ON.items() if called == name and module.startswith(room))
    handed_on = next(matching, {})
    return (signature, handed_on) if handed_on or any(each in signature.parameters for each in NAMES) else None
