"""From what users have to a `Subject`: one file a kind."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from gradcheck.errors import SubjectTypeError
from gradcheck.subjects.function import FunctionSubject
from gradcheck.subjects.model import ModelSubject, looks_like_model
from gradcheck.subjects.subject import Subject

#: Stands for an argument that was not given.
MISSING: Any = object()


def as_subject(
    target: Any, grad: Any = MISSING, x0: Any = MISSING, *, args: Sequence[Any] = (), batch: Sequence[Any] = ()
) -> Subject:
    """Read a model, a function with its gradient, or a subject.

    Parameters
    ----------
    target : model, callable or Subject
        A model has `params` and `loss`; a callable goes with `grad` and `x0`.
    grad : callable or True, optional
        The gradient of `target`, or True if `target` returns ``(loss, gradient)``.
    x0 : array of floats or nesting of dict, list, tuple of them, optional
        Where to check.
    args : sequence
        Further arguments of `target` and `grad`.
    batch : sequence
        Arguments of a model's `loss` and gradient.

    Returns
    -------
    Subject

    Raises
    ------
    SubjectError, SubjectTypeError
        If it cannot be read; the message names the argument and the remedy.

    Examples
    --------
    >>> import numpy as np
    >>> as_subject(lambda x: float(x @ x), lambda x: 2 * x, np.ones(3))
    <Subject <lambda>: 1 blocks, 3 parameters>
    """
    if isinstance(target, Subject):
        return target
    if grad is MISSING and x0 is MISSING and looks_like_model(target):
        if not (isinstance(args, (tuple, list)) and len(args) == 0):
            raise SubjectTypeError("args belongs to a function; pass the arguments of a model's methods as batch=")
        return _model(target, batch)
    if grad is not MISSING and x0 is not MISSING:
        if not (isinstance(batch, (tuple, list)) and len(batch) == 0):
            raise SubjectTypeError("batch belongs to a model; pass a function's further arguments as args=")
        return FunctionSubject(target, grad, x0, args)
    if callable(target):
        missing = "grad and x0" if grad is MISSING else "x0"
        raise SubjectTypeError(f"{missing} missing: a function is checked as check_gradients(fun, grad, x0)")
    raise SubjectTypeError(
        f"{type(target).__module__}.{type(target).__qualname__} is nothing that gradcheck reads: pass a model with a "
        "mapping `params` (or `parameters`) and a method `loss`, or a function: check_gradients(fun, grad, x0)"
    )


def _model(model: Any, batch: Sequence[Any]) -> Subject:
    """A network of `gradcheck.nn` has parts. Where that was never imported, nothing is one."""
    networks = sys.modules.get("gradcheck.nn.network")
    if networks is not None and isinstance(model, networks.Network):
        from gradcheck.subjects.network import NetworkSubject

        return NetworkSubject(model, batch)
    return ModelSubject(model, batch)
