"""`check_adjoint`: a linear operator and its adjoint, held together by the dot test and each against differences."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from gradcheck.checks.maps.adjointness import adjointness
from gradcheck.checks.maps.linearity import Found, linear_product, linear_pullback
from gradcheck.checks.maps.run import MapOptions, Rng, run_map_check
from gradcheck.checks.options import Workers, seed_of
from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.probes.evaluator import Progress
from gradcheck.probes.journal import stored_seed
from gradcheck.reports.report import Report
from gradcheck.subjects.frameworks.boundary import Boundary
from gradcheck.subjects.maps.claim import PairClaim, ProductClaim, PullbackClaim, named, require_callable
from gradcheck.subjects.maps.map_subject import MapSubject
from gradcheck.subjects.maps.matrix import is_operator
from gradcheck.subjects.maps.outputs import outputs_of
from gradcheck.subjects.pytree import flatten
from gradcheck.subjects.selection import Wrt
from gradcheck.subjects.validation import type_name
from gradcheck.verdicts.maps.result import MapResult


def check_adjoint(
    forward: Any,
    adjoint: Callable[..., Any] | None = None,
    x_like: Any = None,
    y_like: Any = None,
    *,
    wrt: Wrt = None,
    rtol: float | None = None,
    rng: Rng = None,
    budget: int | None = None,
    entries: bool = False,
    workers: Workers = None,
    progress: bool | Progress = False,
    loss_accuracy: float | None = None,
    diagnose: bool = True,
    method: Literal["gradcheck", "taylor", "complex", "jax"] = "gradcheck",
    bounds: None = None,
    retract: None = None,
    project: None = None,
    journal: str | os.PathLike[str] | None = None,
) -> Report:
    """Check that one linear function is the adjoint of another one.

    Parameters
    ----------
    forward : callable or linear operator
        ``forward(x)`` returns A x. An operator has a shape, `matvec`, and `rmatvec` or an adjoint ``.H``; it needs no
        further arguments.
    adjoint : callable
        ``adjoint(y)`` returns A* y; of complex arrays that is the conjugate transpose.
    x_like, y_like : array or nesting of arrays
        Inputs of both functions have these nestings, shapes and types; the values are drawn at random. A tuple of
        integers is a shape. Of tensors and arrays of JAX the functions get and return such arrays.
    wrt : str or iterable of str, optional
        Names of the leaves of a nested `x_like`; the others keep the values that were drawn, and A* is compared in the
        leaves that are named alone.
    rtol, rng, budget, entries, workers, progress, loss_accuracy, diagnose, method, journal
        As for `check_jacobian`.
    bounds, retract, project : None
        Refused: a linear function takes every point of its space.

    Returns
    -------
    Report
        Its blocks are those of `x_like`. The dot test, ⟨y, A x⟩ = ⟨A* y, x⟩, is among the notes, with the difference
        that rounding explains, or a finding ``not-adjoint``.

    Raises
    ------
    SubjectError, SubjectTypeError
        If the arguments cannot be checked; the message says what to change.

    Examples
    --------
    >>> import numpy as np
    >>> import gradcheck
    >>> x, y = np.zeros(5), np.zeros(4)
    >>> def adjoint(y):
    ...     return np.concatenate([[-y[0]], y[:-1] - y[1:], [y[-1]]])
    >>> gradcheck.check_adjoint(np.diff, adjoint, x, y, rng=0).verdict.value
    'pass'
    >>> gradcheck.check_adjoint(np.diff, lambda y: -adjoint(y), x, y, rng=0).verdict.value
    'fail'
    """
    for argument, value in (("bounds", bounds), ("retract", retract), ("project", project)):
        if value is not None:
            raise SubjectTypeError(
                f"{argument} is not for check_adjoint, since a linear function takes every point of its space: leave "
                f"it out, or use check_vjp(forward, lambda x, u: adjoint(u), x0, {argument}=...)"
            )
    if adjoint is None:
        forward, adjoint, x_like, y_like = _operator(forward)
    require_callable(forward, "forward", "pass a function of x, check_adjoint(forward, adjoint, x_like, y_like)")
    require_callable(adjoint, "adjoint", "pass a function of y, check_adjoint(forward, adjoint, x_like, y_like)")
    if x_like is None or y_like is None:
        raise SubjectTypeError("missing x_like or y_like: pass arrays with the shapes and types of x and of y")
    forward, x_like = _in_numpy(forward, x_like)
    adjoint, y_like = _in_numpy(adjoint, y_like)
    stored = stored_seed(journal) if journal is not None and rng is None else None
    seed = seed_of(rng if stored is None else stored)
    random = np.random.default_rng(seed)
    x0 = _drawn(x_like, random, "x_like")
    name = named(adjoint)
    claim = PairClaim(
        ProductClaim(lambda x, v: forward(v), f"{named(forward)}() returned"),
        PullbackClaim(lambda x, u: adjoint(u), f"{name}() returned"),
    )
    subject = MapSubject(forward, claim, x0, wrt=wrt)
    _require_like(subject, y_like)
    options = MapOptions(rtol, seed, budget, entries, progress, loss_accuracy, diagnose, None, workers, journal, method)
    return run_map_check(subject, options, kind="adjoint", more=(_linear_pair,))


def _linear_pair(result: MapResult, rng: np.random.Generator, rtol: float) -> Found:
    """Linearity of both functions, then the dot test."""
    notes: tuple[str, ...] = ()
    for test in (linear_product, linear_pullback, adjointness):
        found, more = test(result, rng, rtol)
        if found:
            return found, more
        notes = (*notes, *more)
    return (), notes


def _operator(operator: Any) -> tuple[Callable[..., Any], Callable[..., Any], Any, Any]:
    """Functions and shapes of a linear operator."""
    if not is_operator(operator):
        raise SubjectTypeError(
            f"forward is a {type_name(operator)} and adjoint is missing: pass check_adjoint(forward, adjoint, x_like, "
            "y_like), or one operator with shape, matvec and rmatvec"
        )
    rows, columns = operator.shape
    dtype = np.dtype(getattr(operator, "dtype", None) or np.float64)
    dtype = dtype if dtype.kind in "fc" else np.dtype(np.float64)

    def matvec(x: Any) -> Any:
        return np.asarray(operator.matvec(x)).ravel()

    def rmatvec(y: Any) -> Any:
        if callable(getattr(operator, "rmatvec", None)):
            return np.asarray(operator.rmatvec(y)).ravel()
        other = operator.H if hasattr(operator, "H") else operator.adjoint()
        return np.asarray(other.matvec(y)).ravel()

    matvec.__qualname__ = f"{type(operator).__qualname__}.matvec"
    rmatvec.__qualname__ = f"{type(operator).__qualname__}.rmatvec"
    return matvec, rmatvec, np.zeros(columns, dtype), np.zeros(rows, dtype)


def _in_numpy(function: Callable[..., Any], like: Any) -> tuple[Callable[..., Any], Any]:
    """A function of a library's arrays as one of NumPy's, and what its argument is like."""
    boundary = Boundary(like)
    return (function, like) if boundary.framework is None else (boundary.function(function), boundary.x0)


def _drawn(like: Any, rng: np.random.Generator, argument: str) -> Any:
    """Random arrays with the nesting, shapes and types of others."""
    if isinstance(like, tuple) and like and all(type(n) is int for n in like):
        like = np.zeros(like)
    leaves, structure = flatten(like, "x")
    drawn = []
    for name, leaf in zip(structure.names, leaves, strict=True):
        array = np.asarray(leaf)
        if array.dtype.kind not in "fciub":
            raise SubjectTypeError(f"{argument} holds a {type_name(leaf)} in {name}: pass arrays of numbers")
        dtype = array.dtype if array.dtype.kind in "fc" else np.dtype(np.float64)
        values = rng.standard_normal(array.shape)
        if dtype.kind == "c":
            values = values + 1j * rng.standard_normal(array.shape)
        drawn.append(np.asarray(values, dtype=dtype))
    return drawn[0] if structure.bare else structure.unflatten(drawn)


def _require_like(subject: MapSubject, y_like: Any) -> None:
    """Refuse outputs that do not have the nesting and shapes of `y_like`."""
    if isinstance(y_like, tuple) and y_like and all(type(n) is int for n in y_like):
        y_like = np.zeros(y_like)
    leaves, structure = flatten(y_like, "f")
    wanted = outputs_of(structure.unflatten([np.zeros_like(leaf) for leaf in leaves]), "y_like")
    found = subject.outputs
    for name, one, other, complex_one, complex_other in zip(
        wanted.names,
        wanted.shapes,
        found.shapes,
        map(wanted.is_complex, range(len(wanted.names))),
        map(found.is_complex, range(len(found.names))),
        strict=False,
    ):
        plain_one, plain_other = one[:-1] if complex_one else one, other[:-1] if complex_other else other
        if plain_one != plain_other:
            raise SubjectError(
                f"forward returned {name} with shape {plain_other}, and y_like has {plain_one}: pass y_like with the "
                "shape of forward(x)"
            )
    if wanted.names != found.names:
        raise SubjectError(
            f"forward returned {', '.join(found.names)}, and y_like has {', '.join(wanted.names)}: both need the same "
            "nesting"
        )
