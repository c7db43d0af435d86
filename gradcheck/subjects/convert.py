"""Turns what a user passes (a model, a function with its gradient) into a `Subject`."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcheck.errors import SubjectTypeError
from gradcheck.subjects.frameworks.detection import is_module
from gradcheck.subjects.function import FunctionSubject
from gradcheck.subjects.given_gradient import given_gradient
from gradcheck.subjects.model import ModelSubject, looks_like_model
from gradcheck.subjects.selection import Wrt
from gradcheck.subjects.subject import Subject
from gradcheck.subjects.validation import type_name

#: Default of arguments for which None is a value of its own.
MISSING: Any = object()


def as_subject(
    target: Any,
    grad: Any = MISSING,
    x0: Any = MISSING,
    *,
    args: Sequence[Any] = (),
    batch: Any = (),
    loss: Callable[..., Any] | None = None,
    wrt: Wrt = None,
    bounds: Any = None,
) -> Subject:
    """Make a subject of a model, of a layer, of a module of PyTorch, or of a function with its gradient.

    Parameters
    ----------
    target : model, layer, torch.nn.Module, callable or Subject
        A model has `params` and `loss`. A layer is one of `gradcheck.nn` or from `gradcheck.as_layer`. A module is
        checked with a batch. A callable needs `grad` and `x0`. A subject is returned as it is.
    grad : callable, True, or array or nesting of arrays, optional
        The gradient of `target`; True if `target` returns ``(loss, gradient)``; an array is the gradient at `x0` alone.
        None for what PyTorch or JAX computes of a function of its own arrays.
    x0 : array of floats or nesting of dict, list, tuple of them, optional
        The point to check at; arrays of NumPy, PyTorch or JAX.
    args : sequence
        Further arguments of `target` and `grad`.
    batch : sequence, or mapping
        Arguments of a model's `loss` and gradient, of a module and its loss, or the input of a layer.
    loss : callable, optional
        Of what a module returns: ``loss(output, *targets)``.
    wrt : str or iterable of str, optional
        Names of the parameters to check, or the beginnings of names, such as ``"layers.0"``.
    bounds : sequence of (low, high), or scipy.optimize.Bounds, optional
        Of a function: it is not evaluated outside.

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
    if bounds is not None and (grad is MISSING or x0 is MISSING):
        raise SubjectTypeError(
            "bounds are for the parameters x0 of a function: check_gradients(fun, grad, x0, bounds=...)"
        )
    if grad is MISSING and x0 is MISSING and is_module(target):
        return _module(target, args, batch, loss, wrt)
    if loss is not None:
        raise SubjectTypeError(
            f"loss is for a torch.nn.Module, and the target is a {type_name(target)}: a function returns its own loss, "
            "and a model has a method for it"
        )
    if isinstance(target, Subject):
        if wrt is not None:
            raise SubjectTypeError("wrt is for what a subject is made of: pass it to as_subject(..., wrt=...)")
        return target
    if grad is MISSING and x0 is MISSING and looks_like_model(target):
        if not _is_empty(args):
            raise SubjectTypeError("args is for a function: pass the arguments of a model's methods as batch=")
        return _model(target, batch, wrt)
    if grad is not MISSING and x0 is not MISSING:
        if not _is_empty(batch):
            raise SubjectTypeError("batch is for a model: pass a function's further arguments as args=")
        given = given_gradient(target, grad, x0, args, wrt)
        subject = FunctionSubject(given.fun, given.grad, given.x0, args, wrt=given.wrt, bounds=bounds)
        subject.hold(given.boundary.coarse, given.complex_names)
        return subject
    if grad is MISSING and x0 is MISSING and callable(getattr(target, "backward", None)):
        return _layer(target, batch, wrt)
    if callable(target):
        missing = "grad and x0" if grad is MISSING else "x0"
        raise SubjectTypeError(f"missing {missing}: a function is checked as check_gradients(fun, grad, x0)")
    raise SubjectTypeError(
        f"cannot check an object of type {type_name(target)}: pass a model with a "
        "mapping `params` (or `parameters`) and a method `loss`, or a function: check_gradients(fun, grad, x0)"
    )


def _module(module: Any, args: Any, batch: Any, loss: Callable[..., Any] | None, wrt: Wrt) -> Subject:
    """The subject of a module of PyTorch."""
    from gradcheck.subjects.frameworks.torch_batch import USAGE
    from gradcheck.subjects.frameworks.torch_module import ModuleSubject

    if not _is_empty(args):
        raise SubjectTypeError(f"args is for a function: pass what a module is called with as its batch, as in {USAGE}")
    if _is_empty(batch):
        raise SubjectTypeError(
            f"{type(module).__qualname__} is a torch.nn.Module: pass what it is called with, and a loss of what it "
            f"returns, {USAGE}; or batch=(x,) alone, for a random upstream gradient"
        )
    return ModuleSubject(module, batch, loss, wrt=wrt)


def _is_empty(arguments: Any) -> bool:
    return isinstance(arguments, (tuple, list, dict)) and len(arguments) == 0


def _model(model: Any, batch: Sequence[Any], wrt: Wrt) -> Subject:
    """The subject of a model; one with parts if the model is a network of `gradcheck.nn`."""
    # A module that was never loaded has no instances.
    networks = sys.modules.get("gradcheck.nn.network")
    if networks is not None and isinstance(model, networks.Network):
        from gradcheck.subjects.network import NetworkSubject

        return NetworkSubject(model, batch, wrt=wrt)
    return ModelSubject(model, batch, wrt=wrt)


def _layer(layer: Any, batch: Sequence[Any], wrt: Wrt) -> Subject:
    """The subject of a copy of a layer, for a random upstream gradient."""
    layers = sys.modules.get("gradcheck.nn.layer")
    if layers is None or not isinstance(layer, layers.Layer):
        raise SubjectTypeError(
            f"cannot check an object of type {type_name(layer)}: a layer is checked as "
            "check_gradients(gradcheck.as_layer(layer, x=X), batch=(X,))"
        )
    inputs = tuple(batch) if isinstance(batch, (tuple, list)) else (batch,)
    if len(inputs) != 1:
        raise SubjectTypeError(
            f"a layer is checked with its input, check_gradients(layer, batch=(X,)), but the batch has {len(inputs)} "
            "entries; to check it with a loss, put it into a network: gradcheck.nn.Network([layer], loss)"
        )
    from gradcheck.subjects.layer import LayerSubject

    return LayerSubject(copy.deepcopy(layer), np.array(inputs[0]), type(layer).__name__, wrt=wrt, alone=True)
