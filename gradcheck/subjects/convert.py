"""Turns what a user passes (a model, a function with its gradient) into a `Subject`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from gradcheck.errors import SubjectTypeError
from gradcheck.subjects.function import FunctionSubject
from gradcheck.subjects.model import ModelSubject, looks_like_model
from gradcheck.subjects.subject import Subject
from gradcheck.subjects.validation import type_name

#: Default of arguments for which None is a value of its own.
MISSING: Any = object()


def as_subject(
    target: Any, grad: Any = MISSING, x0: Any = MISSING, *, args: Sequence[Any] = (), batch: Sequence[Any] = ()
) -> Subject:
    """Make a subject of a model or of a function with its gradient.

    Parameters
    ----------
    target : model, callable or Subject
        A model has `params` and `loss`. A callable needs `grad` and `x0`. A subject is returned as it is.
    grad : callable or True, optional
        The gradient of `target`, or True if `target` returns ``(loss, gradient)``.
    x0 : array of floats or nesting of dict, list, tuple of them, optional
        The point to check at.
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
        If the arguments cannot be checked; the message names the argument and says what to change.

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
            raise SubjectTypeError("args is for a function: pass the arguments of a model's methods as batch=")
        return _model(target, batch)
    if grad is not MISSING and x0 is not MISSING:
        if not (isinstance(batch, (tuple, list)) and len(batch) == 0):
            raise SubjectTypeError("batch is for a model: pass a function's further arguments as args=")
        return FunctionSubject(target, grad, x0, args)
    if callable(target):
        missing = "grad and x0" if grad is MISSING else "x0"
        raise SubjectTypeError(f"missing {missing}: a function is checked as check_gradients(fun, grad, x0)")
    raise SubjectTypeError(
        f"cannot check an object of type {type_name(target)}: pass a model with a "
        "mapping `params` (or `parameters`) and a method `loss`, or a function: check_gradients(fun, grad, x0)"
    )


def _model(model: Any, batch: Sequence[Any]) -> Subject:
    """The subject of a model; one with parts if the model is a network of `gradcheck.nn`."""
    # A module that was never loaded has no instances.
    networks = sys.modules.get("gradcheck.nn.network")
    if networks is not None and isinstance(model, networks.Network):
        from gradcheck.subjects.network import NetworkSubject

        return NetworkSubject(model, batch)
    return ModelSubject(model, batch)
