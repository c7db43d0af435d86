"""Conversions to narrow floats inside a step, carried out in float64: a rounded loss has no slope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

#: Functions and methods that convert, or create an array of a type. Others read memory or files of that type.
CONVERTING = {
    *("array", "asarray", "asanyarray", "ascontiguousarray", "asfortranarray", "require", "fromiter", "astype"),
    *("zeros", "ones", "full", "empty", "zeros_like", "ones_like", "full_like", "empty_like"),
    *("arange", "linspace", "logspace", "geomspace", "eye", "identity", "tri", "asfarray"),
    *("sum", "mean", "prod", "cumsum", "cumprod", "var", "std", "einsum", "dot", "matmul", "add", "multiply"),
}

#: Names of narrow types in NumPy.
NARROW = {"float32", "float16", "single", "half"}


def wide_type(kind: Any) -> Any:
    """`numpy.float64` in place of a type of narrower floats, however it is written; anything else itself.

    Examples
    --------
    >>> wide_type("f4")
    <class 'numpy.float64'>
    >>> wide_type(int)
    <class 'int'>
    """
    if not isinstance(kind, (type, str, np.dtype)) or kind is float:
        return kind
    try:
        found = np.dtype(kind)
    except TypeError:
        return kind
    return np.float64 if found.kind == "f" and found.itemsize < np.dtype(np.float64).itemsize else kind


def wide_call(
    function: Any, args: tuple[Any, ...], options: Mapping[str, Any]
) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """A call with `numpy.float64` in place of narrow types that its result is converted to.

    Parameters
    ----------
    function : callable
    args : tuple
    options : dict
        The keyword arguments.
    """
    if isinstance(function, type):
        return (wide_type(function) if issubclass(function, np.floating) else function), args, dict(options)
    if getattr(function, "__name__", "") not in CONVERTING or not _is_numpy(function):
        return function, args, dict(options)
    at = 0 if isinstance(getattr(function, "__self__", None), np.ndarray) else 1
    changed = tuple(wide_type(each) if i >= at else each for i, each in enumerate(args))
    return function, changed, {key: wide_type(each) if key == "dtype" else each for key, each in options.items()}


def _is_numpy(function: Any) -> bool:
    owner = getattr(function, "__self__", None)
    return isinstance(owner, np.ndarray) or (getattr(function, "__module__", None) or "").startswith("numpy")
