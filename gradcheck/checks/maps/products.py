"""`check_vjp` and `check_jvp`: products with the Jacobian, or with its adjoint, against differences of the function."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from gradcheck.checks.maps.linearity import linear_product, linear_pullback
from gradcheck.checks.maps.run import MapOptions, Rng, run_map_check
from gradcheck.checks.options import Workers
from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.probes.evaluator import Progress
from gradcheck.reports.report import Report
from gradcheck.subjects.frameworks.boundary import Boundary, require_framework
from gradcheck.subjects.maps.claim import ConjugatedClaim, ProductClaim, PullbackClaim, named, require_callable
from gradcheck.subjects.maps.domain import bounded
from gradcheck.subjects.maps.jacobian import product_claim
from gradcheck.subjects.maps.map_subject import MapSubject, pulled
from gradcheck.subjects.pytree import flatten
from gradcheck.subjects.real_parts import RealParameters
from gradcheck.subjects.selection import Wrt

#: Conventions for the pull-back of complex cotangents.
CONVENTIONS = ("adjoint", "jax")


def check_vjp(
    fun: Callable[..., Any],
    vjp: Callable[..., Any] | Literal[True] | None,
    x0: Any,
    *,
    args: Sequence[Any] = (),
    wrt: Wrt = None,
    rtol: float | None = None,
    rng: Rng = None,
    budget: int | None = None,
    entries: bool = False,
    workers: Workers = None,
    progress: bool | Progress = False,
    bounds: Any = None,
    direction: Any = None,
    loss_accuracy: float | None = None,
    diagnose: bool = True,
    method: Literal["gradcheck", "taylor", "complex", "jax"] = "gradcheck",
    convention: Literal["adjoint", "jax"] = "adjoint",
    retract: Callable[[Any, Any], Any] | None = None,
    project: Callable[[Any, Any], Any] | None = None,
    journal: str | os.PathLike[str] | None = None,
) -> Report:
    """Compare a hand-written vector-Jacobian product (a backward pass, a pull-back) with finite differences.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args)`` returns the outputs: an array or any nesting of arrays. Where `vjp` is True it returns
        ``(outputs, pullback)``, and ``pullback(u)`` the product.
    vjp : callable, True or None
        ``vjp(x, u, *args)`` returns Jᵀu, nested and shaped like `x`; `u` is nested and shaped like the outputs. None is
        the product that PyTorch (`torch.autograd.grad`) or JAX (`jax.vjp`) computes for a function of its own arrays.
    x0 : array or nesting of arrays
        Of NumPy, or of PyTorch or JAX: then the functions get and return arrays of that kind. A tuple is passed as
        ``fun(*x0)`` if `fun` takes several arguments; `vjp` gets it as one, unless it takes several.
    convention : {'adjoint', 'jax'}
        What the product with a complex cotangent is: that with the conjugate transpose, as in PyTorch; or with the
        transpose, as in JAX; that of the library if `vjp` is None.
    args, wrt, rtol, rng, budget, entries, workers, progress, bounds, direction
    loss_accuracy, diagnose, method, retract, project, journal
        As for `check_jacobian`.

    Returns
    -------
    Report

    Raises
    ------
    SubjectError, SubjectTypeError
        If the arguments cannot be checked; the message says what to change.

    Notes
    -----
    Cotangents are random, never ones: a product that ignores its cotangent is seen. That it is linear in the cotangent,
    and zero for a cotangent of zero, is tested as well.

    Examples
    --------
    >>> import numpy as np
    >>> import gradcheck
    >>> x0 = np.array([0.5, -1.0, 2.0])
    >>> gradcheck.check_vjp(np.tanh, lambda x, u: u * (1 - np.tanh(x) ** 2), x0, rng=0).verdict.value
    'pass'
    >>> report = gradcheck.check_vjp(np.tanh, lambda x, u: 1 - np.tanh(x) ** 2, x0, rng=0)
    >>> report.verdict.value, report.findings[0].slug
    ('fail', 'upstream-ignored')
    """
    require_callable(fun, "fun", "pass a function of the parameters, check_vjp(fun, vjp, x0)")
    if convention not in CONVENTIONS:
        raise SubjectError(f"convention is {convention!r}: pass 'adjoint' (PyTorch) or 'jax'")
    if vjp is not True and vjp is not None:
        require_callable(vjp, "vjp", "pass vjp(x, u), or True if fun returns (outputs, pullback)")
    args = tuple(args) if isinstance(args, (tuple, list)) else (args,)
    boundary = Boundary(x0)
    x0, direction = boundary.x0, boundary.direction(direction)
    retract, project = boundary.step(retract), boundary.step(project)
    if vjp is None:
        framework = require_framework(boundary, "vjp", "vjp(x, u), or True if fun returns (outputs, pullback)")
        fun, vjp, convention = boundary.function(fun, args), boundary.own_vjp(fun, args), framework.convention
        wrt = boundary.own_wrt(wrt)
    elif vjp is True:
        fun = boundary.pair(fun, args)
    else:
        fun, vjp = boundary.function(fun, args), boundary.function(vjp, args, 1, tracked=True)
    kind = ConjugatedClaim if convention == "jax" else PullbackClaim
    if vjp is True:
        inner = pulled(fun, named(fun))
        claim = kind(inner._vjp, inner.source)
    else:
        claim = kind(vjp, f"{named(vjp)}() returned")
    options = MapOptions(
        rtol, rng, budget, entries, progress, loss_accuracy, diagnose, direction, workers, journal, method
    )
    if retract is not None or project is not None:
        from gradcheck.checks.maps.on_manifold import check_on_manifold, on_manifold

        refused = {"wrt": wrt is not None, "bounds": bounds is not None, "method": method != "gradcheck"}
        retraction, x, options = on_manifold(x0, retract, project, options, **refused)
        whole = MapSubject(fun, claim, x, args, pair=vjp is True)
        return check_on_manifold(whole, retraction, options, kind="product", args=args, more=(linear_pullback,))
    x0, domain, notes = bounded(x0, bounds, wrt)
    subject = MapSubject(fun, claim, x0, args, wrt=wrt, pair=vjp is True, domain=domain)
    subject.hold(boundary.coarse)
    subject._notes |= dict.fromkeys(notes)
    return run_map_check(subject, options, kind="product", more=(linear_pullback,))


def check_jvp(
    fun: Callable[..., Any],
    jvp: Callable[..., Any] | None,
    x0: Any,
    *,
    args: Sequence[Any] = (),
    wrt: Wrt = None,
    rtol: float | None = None,
    rng: Rng = None,
    budget: int | None = None,
    entries: bool = False,
    workers: Workers = None,
    progress: bool | Progress = False,
    bounds: Any = None,
    direction: Any = None,
    loss_accuracy: float | None = None,
    diagnose: bool = True,
    method: Literal["gradcheck", "taylor", "complex", "jax"] = "gradcheck",
    retract: Callable[[Any, Any], Any] | None = None,
    project: Callable[[Any, Any], Any] | None = None,
    journal: str | os.PathLike[str] | None = None,
) -> Report:
    """Compare a hand-written Jacobian-vector product (a tangent, a forward derivative) with finite differences.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args)`` returns the outputs: an array or any nesting of arrays.
    jvp : callable or None
        ``jvp(x, v, *args)`` returns J v, nested and shaped like the outputs; `v` is nested and shaped like `x`. None is
        the product that PyTorch (`torch.func.jvp`) or JAX (`jax.jvp`) computes for a function of its own arrays.
    x0 : array or nesting of arrays
        As for `check_vjp`.
    args, wrt, rtol, rng, budget, entries, workers, progress, bounds, direction
    loss_accuracy, diagnose, method, retract, project, journal
        As for `check_jacobian`.

    Returns
    -------
    Report

    Raises
    ------
    SubjectError, SubjectTypeError
        If the arguments cannot be checked; the message says what to change.

    Notes
    -----
    With few parameters every column of the Jacobian is computed by `jvp`. With many, `jvp` is called for 16 random
    directions, each of which moves one part of the parameters; a part that is wrong is divided again.

    Examples
    --------
    >>> import numpy as np
    >>> import gradcheck
    >>> x0 = np.array([0.5, -1.0, 2.0])
    >>> gradcheck.check_jvp(np.sin, lambda x, v: v * np.cos(x), x0, rng=0).verdict.value
    'pass'
    >>> gradcheck.check_jvp(np.sin, lambda x, v: -v * np.cos(x), x0, rng=0).findings[0].slug
    'sign-flipped'
    """
    require_callable(fun, "fun", "pass a function of the parameters, check_jvp(fun, jvp, x0)")
    if jvp is not None:
        require_callable(jvp, "jvp", "pass jvp(x, v)")
    args = tuple(args) if isinstance(args, (tuple, list)) else (args,)
    boundary = Boundary(x0)
    x0, direction = boundary.x0, boundary.direction(direction)
    retract, project = boundary.step(retract), boundary.step(project)
    if jvp is None:
        require_framework(boundary, "jvp", "jvp(x, v)")
        fun, jvp = boundary.function(fun, args), boundary.own_jvp(fun, args)
        wrt = boundary.own_wrt(wrt)
    else:
        fun, jvp = boundary.function(fun, args), boundary.function(jvp, args, 1, tracked=True)
    products = ProductClaim(jvp, f"{named(jvp)}() returned")
    options = MapOptions(
        rtol, rng, budget, entries, progress, loss_accuracy, diagnose, direction, workers, journal, method
    )
    if retract is not None or project is not None:
        from gradcheck.checks.maps.on_manifold import check_on_manifold, on_manifold

        refused = {"wrt": wrt is not None, "bounds": bounds is not None, "method": method != "gradcheck"}
        retraction, x, options = on_manifold(x0, retract, project, options, **refused)
        whole = MapSubject(fun, products, x, args)
        return check_on_manifold(whole, retraction, options, kind="product", args=args, more=(linear_product,))
    x0, domain, notes = bounded(x0, bounds, wrt)
    claim = product_claim(products, size_of(x0))
    subject = MapSubject(fun, claim, x0, args, wrt=wrt, domain=domain)
    subject.hold(boundary.coarse)
    subject._notes |= dict.fromkeys(notes)
    return run_map_check(subject, options, kind="product", more=(linear_product,))


def size_of(x0: Any) -> int:
    """Number of real parameters in a nesting of arrays."""
    if callable(x0):
        raise SubjectTypeError("x0 is a function: pass the point last, after the function that computes the product")
    leaves, _ = flatten(RealParameters(x0).x0, "x")
    return sum(np.asarray(leaf).size for leaf in leaves if np.asarray(leaf).dtype.kind == "f")
