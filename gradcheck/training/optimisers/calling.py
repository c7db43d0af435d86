"""A user's update rule, in whichever form it is written, made to take steps.

    rule.step(params, grads)                        an object; `update` does as well
    rule(params, grads)                             a function
    rule(params, grads, state)                      with a dict that is its own from call to call, empty at first
    rule(params, grads, *state)                     with values that it returns after the parameters

In place, or returning new parameters (then what it returns counts). With `each`, parameters and gradients are single
arrays: the rule is called for one after the other, each with a state, or a copy of the object, of its own.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.subjects.pytree import flatten
from gradcheck.training.optimisers.references import name_of
from gradcheck.training.optimisers.track import Array, Track

#: Methods of an object that take a step, in the order in which they are looked for.
METHODS = ("step", "update")


def take_steps(rule: Any, track: Track, *, each: bool = False, state: Any = None) -> tuple[Array, tuple[str, ...]]:
    """Give a rule the gradients of a track.

    Parameters
    ----------
    rule : callable or object
        An object is copied, so that it stays as it is.
    track : Track
    each : bool
        Whether it is called for one array at a time.
    state : dict or tuple, optional
        What a function is given beside parameters and gradients at its first call. A dict is handed on from call to
        call; a tuple holds further arguments, which the function returns after the parameters.

    Returns
    -------
    path : ndarray, shape (steps + 1, entries)
        Parameters at the start and after each step.
    notes : tuple of str

    Raises
    ------
    SubjectError, SubjectTypeError
        If it cannot be called, or returns what cannot be read. What it raises itself is passed on.
    """
    _refuse(rule, state)
    steppers = [_Stepper(rule, state) for _ in range(len(track.slices) if each else 1)]
    current = track.nest(track.start)
    leaves = track.structure.leaves(current)
    rows, notes = [track.start.copy()], set[str]()
    with np.errstate(all="ignore"):
        for step in range(track.steps):
            grads = track.nest(track.grads[step])
            if each:
                pairs = zip(steppers, leaves, track.structure.leaves(grads), strict=True)
                leaves = [stepper(leaf, grad, hint="") for stepper, leaf, grad in pairs]
            else:
                current = steppers[0](current, grads, hint=_HINT)
                leaves = _leaves(current, track, steppers[0].name)
            rows.append(_row(leaves, track, steppers[0].name))
            if not np.array_equal(_joined(track.structure.leaves(grads)), track.grads[step]):
                notes.add("It changes the gradients that it is given.")
    return np.array(rows), tuple(sorted(notes))


_HINT = (
    "gradcheck gave it all parameters at once, nested as params= is, by default in a dict. A rule for lists is checked "
    "with params=[…], one for single arrays with each=True."
)


class _Stepper:
    """One memory of a rule: takes a step, and returns the parameters after it."""

    def __init__(self, rule: Any, state: Any) -> None:
        method = next((name for name in METHODS if callable(getattr(rule, name, None))), None)
        self.name = name_of(rule)
        self.function: Callable[..., Any] = rule
        self.state: tuple[Any, ...] = ()
        if method is not None:
            self.function = getattr(_own_copy(rule), method)
        elif not inspect.isroutine(rule):
            self.function = _own_copy(rule)
        self.returned = isinstance(state, tuple)
        if self.returned:
            self.state = copy.deepcopy(state)
        elif state is not None:
            self.state = (copy.deepcopy(dict(state)),)
        elif _takes_state(self.function):
            self.state = ({},)

    def __call__(self, params: Any, grads: Any, hint: str) -> Any:
        try:
            result = self.function(params, grads, *self.state)
        except Exception as error:
            if hint:
                error.add_note(hint)
            raise
        if result is None:
            if self.returned:
                raise SubjectError(
                    f"{self.name} returned None: with state=({len(self.state)} values) it returns the parameters and "
                    "as many values after them"
                )
            return params
        if self.returned:
            if not isinstance(result, tuple) or len(result) != 1 + len(self.state):
                raise SubjectError(
                    f"{self.name} returned {_shown(result)}: with state= it returns a tuple of the parameters and "
                    f"{len(self.state)} values"
                )
            self.state = result[1:]
            return result[0]
        if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], Mapping) and self.state:
            self.state = (result[1],)
            return result[0]
        return result


def _own_copy(rule: Any) -> Any:
    try:
        return copy.deepcopy(rule)
    except Exception as error:
        raise SubjectTypeError(
            f"{name_of(rule)} cannot be copied ({error}), and would be changed by the check: pass a function that "
            "makes its steps"
        ) from error


def _refuse(rule: Any, state: Any) -> None:
    if inspect.isclass(rule):
        raise SubjectTypeError(f"{rule.__name__} is a class: pass an optimiser that is made, {rule.__name__}(…)")
    if hasattr(rule, "param_groups"):
        raise SubjectTypeError(
            f"{name_of(rule)} holds its own parameters, as PyTorch's optimisers do: pass an object with "
            "step(params, grads), or a function (params, grads, state)"
        )
    if not callable(rule) and not any(callable(getattr(rule, name, None)) for name in METHODS):
        raise SubjectTypeError(
            f"{name_of(rule)} is no update rule: pass an object with step(params, grads), or a function "
            "(params, grads, state)"
        )
    if state is not None and not isinstance(state, (tuple, Mapping)):
        raise SubjectTypeError(f"state is a {type(state).__qualname__}: pass a dict, or a tuple of further arguments")


def _takes_state(function: Callable[..., Any]) -> bool:
    """Whether there is a third argument that has no default, or None."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return False
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(positional) > 2 and positional[2].default in (inspect.Parameter.empty, None)


def _leaves(params: Any, track: Track, name: str) -> list[Any]:
    leaves, structure = flatten(params, "w")
    if not structure.matches(track.structure):
        raise SubjectError(
            f"{name} returned {_shown(params)}: it returns the parameters, nested as it got them "
            f"({', '.join(track.names)}), or None if it changes them in place"
        )
    return track.structure.leaves(params) if not track.structure.bare else leaves


def _row(leaves: list[Any], track: Track, name: str) -> Array:
    for leaf, shape, block in zip(leaves, track.shapes, track.names, strict=True):
        if np.shape(leaf) != shape:
            raise SubjectError(f"{name} gave {block} the shape {np.shape(leaf)}; it had {shape}")
    return _joined(leaves)


def _joined(leaves: list[Any]) -> Array:
    return np.concatenate([np.asarray(leaf, dtype=np.float64).ravel() for leaf in leaves])


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return f"a tuple of {len(value)}"
    if isinstance(value, Mapping):
        return f"a dict of {', '.join(map(str, value)) or 'nothing'}"
    return f"a {type(value).__qualname__}"
