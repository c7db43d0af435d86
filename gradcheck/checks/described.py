"""What a dict, a tuple or an object says about a derivative: which check it needs, and its arguments by name."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck._names import load
from gradcheck.errors import TargetError
from gradcheck.reports.report import Report
from gradcheck.subjects.model import looks_like_model
from gradcheck.subjects.subject import Subject

#: The keys that a description has, for messages.
FORMS = (
    "a dict with fun, x0 and one of grad, jac, vjp, jvp or constraints (hess or hessp beside grad or jac), or with "
    "forward, adjoint, x_like and y_like"
)

#: Arguments whose first parameter has another name in a check.
RENAMED = {"gradients": {"fun": "target"}}


@dataclass(frozen=True, slots=True)
class Described:
    """One check and its arguments.

    Attributes
    ----------
    kind : str
        The end of the name of the check: ``"hessian"`` for `check_hessian`.
    arguments : dict
    form : {'dict', 'tuple', 'object', 'operator'}
        How it was described.
    """

    kind: str
    arguments: dict[str, Any]
    form: str

    def check(self, **options: Any) -> Report:
        """Check it. Options that are not None take precedence over those of the description."""
        check = _check_of(self.kind)
        return check(**self.arguments | {key: value for key, value in options.items() if value is not None})


def described(found: Any, target: str) -> Described | None:
    """Read a description; None if the object is none.

    Parameters
    ----------
    found : object
        A dict with the arguments of a check by their names, an object that has them as attributes, the tuple ``(fun,
        grad, hess, x0)`` or ``(forward, adjoint, x_like, y_like)``, or a linear operator.
    target : str
        Its name, for messages.

    Raises
    ------
    TargetError
        If a dict has a key that its check does not take, or none that says which check it needs.
    """
    if isinstance(found, Subject) or looks_like_model(found):
        return None
    if isinstance(found, Mapping):
        return _read({str(key): value for key, value in found.items()}, target, "dict")
    if isinstance(found, tuple):
        return _of_tuple(found)
    from gradcheck.subjects.maps.matrix import is_operator, is_sparse

    if is_operator(found) and not is_sparse(found) and not isinstance(found, np.ndarray):
        return Described("adjoint", {"forward": found}, "operator")
    names = {name: getattr(found, name) for name in _KEYS if hasattr(found, name)}
    if {"fun", "x0"} <= set(names) or {"forward", "adjoint", "x_like"} <= set(names):
        return _read({key: value for key, value in names.items() if value is not None}, target, "object")
    return None


#: Attributes of an object that are read.
_KEYS = (
    *("fun", "x0", "grad", "jac", "hess", "hessp", "vjp", "jvp", "constraints", "bounds", "args", "residuals"),
    *("forward", "adjoint", "x_like", "y_like"),
)


def _check_of(kind: str) -> Callable[..., Report]:
    """The check of a kind, imported when it is needed."""
    check: Callable[..., Report] = load(f"check_{kind}")
    return check


def _of_tuple(found: tuple[Any, ...]) -> Described | None:
    if len(found) != 4 or not callable(found[0]) or not (callable(found[1]) or found[1] is True):
        return None
    names = ("fun", "grad", "hess", "x0") if callable(found[2]) else ("forward", "adjoint", "x_like", "y_like")
    return Described("hessian" if callable(found[2]) else "adjoint", dict(zip(names, found, strict=True)), "tuple")


def _read(arguments: dict[str, Any], target: str, form: str) -> Described:
    kind = _kind(set(arguments))
    if kind is None:
        raise TargetError(f"{target} does not say which derivative it describes: it needs to be {FORMS}")
    renamed = RENAMED.get(kind, {})
    arguments = {renamed.get(key, key): value for key, value in arguments.items()}
    known = inspect.signature(_check_of(kind)).parameters
    for key in arguments:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise TargetError(f"{target} has the key {key!r}, which check_{kind} does not take{hint}")
    missing = [name for name, each in known.items() if each.default is each.empty and name not in arguments]
    if missing:
        raise TargetError(f"{target} has no {' and no '.join(missing)}: check_{kind} needs it")
    return Described(kind, arguments, form)


def _kind(keys: set[str]) -> str | None:
    if "forward" in keys:
        return "adjoint"
    for kind in ("vjp", "jvp"):
        if kind in keys:
            return kind
    if "grad" in keys:
        return "hessian" if keys & {"hess", "hessp"} else "gradients"
    return "problem" if keys & {"jac", "hess", "hessp", "constraints"} else None
