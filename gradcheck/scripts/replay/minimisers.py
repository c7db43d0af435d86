"""Programs whose training loop is a minimiser of SciPy: what is checked is the gradient that the minimiser gets."""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gradcheck.scripts.instrument.tracer import TRACER

#: The module of the minimisers.
MODULE = "scipy.optimize"

#: Minimisers, each with the name of its argument for the gradient.
_MINIMISERS = {
    "minimize": "jac",
    "fmin_bfgs": "fprime",
    "fmin_cg": "fprime",
    "fmin_ncg": "fprime",
    "fmin_l_bfgs_b": "fprime",
    "fmin_tnc": "fprime",
}

#: Minimisers that take a function which returns value and gradient where no gradient is given.
_BOTH = ("fmin_l_bfgs_b", "fmin_tnc")


@dataclass(frozen=True)
class Minimisation:
    """A call of a minimiser.

    Attributes
    ----------
    name : str
        Of the minimiser.
    line : int
        Of the call.
    fun : callable
    gradient : callable or True
        True if `fun` returns value and gradient.
    start : array_like
    arguments : tuple
        Further arguments of both functions.
    """

    name: str
    line: int
    fun: Callable[..., Any]
    gradient: Any
    start: Any
    arguments: tuple[Any, ...]


def minimisation_of(name: str, signature: inspect.Signature, args: Any, options: Any, line: int) -> Minimisation | None:
    """What a call of a minimiser minimises; None if it is given no gradient."""
    try:
        given = signature.bind(*args, **options).arguments
    except TypeError:
        return None
    names = list(signature.parameters)
    gradient = given.get(_MINIMISERS[name])
    if gradient is None and name in _BOTH and not given.get("approx_grad"):
        gradient = True
    if not callable(gradient) and gradient is not True:
        return None
    extra = given.get("args", ())
    arguments = extra if isinstance(extra, tuple) else (extra,)
    return Minimisation(name, line, given[names[0]], gradient, given[names[1]], arguments)


class MinimiserWatch:
    """Learns of each minimisation that a program begins.

    Parameters
    ----------
    found : callable or None
        Called with each `Minimisation`; None if none is of interest.
    """

    def __init__(self, found: Callable[[Minimisation], Any] | None) -> None:
        self._found = found
        self._originals: dict[str, Any] = {}

    def look(self, text: str) -> None:
        """Prepare for a source that may use a minimiser, before it runs."""
        if self._found is None or self._originals or not all(word in text for word in MODULE.split(".")):
            return
        try:
            module: Any = importlib.import_module(MODULE)
        except ImportError:
            return
        self._originals = {name: getattr(module, name) for name in _MINIMISERS}
        for name, original in self._originals.items():
            setattr(module, name, _watched(name, original, self._found))

    def release(self) -> None:
        """Put the minimisers back."""
        for name, original in self._originals.items():
            setattr(sys.modules[MODULE], name, original)


def _watched(name: str, original: Callable[..., Any], found: Callable[[Minimisation], Any]) -> Callable[..., Any]:
    signature = inspect.signature(original)

    @functools.wraps(original)
    def minimiser(*args: Any, **options: Any) -> Any:
        frame = sys._getframe(1)
        if TRACER in frame.f_globals:
            minimisation = minimisation_of(name, signature, args, options, frame.f_lineno)
            if minimisation is not None:
                found(minimisation)
        return original(*args, **options)

    return minimiser
