"""Call a user's update rule, in whichever of these forms it is written.

    rule.step(params, grads)             an object; `update` is accepted as well
    rule(params, grads)                  a function
    rule(params, grads, state)           a function with a dict that persists between calls and is empty at first
    rule(params, grads, *state)          a function that returns its state after the parameters

The rule changes the arrays in place, or returns new parameters; returned parameters take precedence. With `each`,
parameters and gradients are single arrays. The rule is then called for one array after the other, each with its own
state, or its own copy of the object.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.subjects.pytree import flatten
from gradcheck.training.optimisers.gradient_sequence import Array, GradientSequence
from gradcheck.training.optimisers.references import name_of

#: Methods of an object that take a step, in the order in which they are looked for.
STEP_METHODS = ("step", "update")

#: Added to an exception of a rule that is called with all parameters at once.
_CALL_HINT = (
    "gradcheck passed all parameters at once, nested as params= is, by default in a dict. Check a rule for lists with "
    "params=[…], and a rule for single arrays with each=True."
)


def take_steps(
    rule: Any, sequence: GradientSequence, *, each: bool = False, state: Any = None
) -> tuple[Array, tuple[str, ...]]:
    """Call a rule with the gradients of a sequence.

    Parameters
    ----------
    rule : callable or object
        An object is copied and stays unchanged.
    sequence : GradientSequence
    each : bool
        Whether the rule is called for one array at a time.
    state : dict or tuple, optional
        Initial state of a function. A dict is passed again at each call; a tuple holds further arguments, which the
        function returns after the parameters.

    Returns
    -------
    path : ndarray, shape (steps + 1, entries)
        Parameters at the start and after each step.
    notes : tuple of str

    Raises
    ------
    SubjectError, SubjectTypeError
        If the rule cannot be called, or its return value cannot be used. Exceptions of the rule itself are passed on.
    """
    _validate(rule, state)
    callers = [_StatefulRule(rule, state) for _ in range(len(sequence.slices) if each else 1)]
    current = sequence.nest(sequence.start)
    leaves = sequence.structure.leaves(current)
    rows, notes = [sequence.start.copy()], set[str]()
    with np.errstate(all="ignore"):
        for step in range(sequence.steps):
            grads = sequence.nest(sequence.grads[step])
            if each:
                pairs = zip(callers, leaves, sequence.structure.leaves(grads), strict=True)
                leaves = [caller(leaf, grad, hint="") for caller, leaf, grad in pairs]
            else:
                current = callers[0](current, grads, hint=_CALL_HINT)
                leaves = _leaves(current, sequence, callers[0].name)
            rows.append(_row(leaves, sequence, callers[0].name))
            if not np.array_equal(_joined(sequence.structure.leaves(grads)), sequence.grads[step]):
                notes.add("The rule changes the gradients that it is given.")
    return np.array(rows), tuple(sorted(notes))


class _StatefulRule:
    """A rule with its own state. A call takes a step and returns the parameters after it."""

    def __init__(self, rule: Any, state: Any) -> None:
        method = next((name for name in STEP_METHODS if callable(getattr(rule, name, None))), None)
        self.name = name_of(rule)
        self.function: Callable[..., Any] = rule
        self.state: tuple[Any, ...] = ()
        if method is not None:
            self.function = getattr(_copied(rule), method)
        elif not inspect.isroutine(rule):
            self.function = _copied(rule)
        self.returns_state = isinstance(state, tuple)
        if self.returns_state:
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
            if self.returns_state:
                raise SubjectError(
                    f"{self.name} returned None: with state=({len(self.state)} values) it must return the parameters "
                    "followed by as many values"
                )
            return params
        if self.returns_state:
            if not isinstance(result, tuple) or len(result) != 1 + len(self.state):
                raise SubjectError(
                    f"{self.name} returned {_described(result)}: with state= it must return a tuple of the parameters "
                    f"and {len(self.state)} values"
                )
            self.state = result[1:]
            return result[0]
        if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], Mapping) and self.state:
            self.state = (result[1],)
            return result[0]
        return result


def _copied(rule: Any) -> Any:
    try:
        return copy.deepcopy(rule)
    except Exception as error:
        raise SubjectTypeError(
            f"{name_of(rule)} cannot be copied ({error}), so the check would change it: pass a function that takes its "
            "steps"
        ) from error


def _validate(rule: Any, state: Any) -> None:
    if inspect.isclass(rule):
        raise SubjectTypeError(f"{rule.__name__} is a class: pass an instance, {rule.__name__}(…)")
    if hasattr(rule, "param_groups"):
        raise SubjectTypeError(
            f"{name_of(rule)} holds its own parameters, as PyTorch's optimisers do: pass an object with "
            "step(params, grads), or a function (params, grads, state)"
        )
    if not callable(rule) and not any(callable(getattr(rule, name, None)) for name in STEP_METHODS):
        raise SubjectTypeError(
            f"{name_of(rule)} is not an update rule: pass an object with step(params, grads), or a function "
            "(params, grads, state)"
        )
    if state is not None and not isinstance(state, (tuple, Mapping)):
        raise SubjectTypeError(f"state is a {type(state).__qualname__}: pass a dict, or a tuple of further arguments")


def _takes_state(function: Callable[..., Any]) -> bool:
    """Whether there is a third positional argument without a default, or with the default None."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return False
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(positional) > 2 and positional[2].default in (inspect.Parameter.empty, None)


def _leaves(params: Any, sequence: GradientSequence, name: str) -> list[Any]:
    leaves, structure = flatten(params, "w")
    if not structure.matches(sequence.structure):
        raise SubjectError(
            f"{name} returned {_described(params)}: it must return the parameters, nested as they were passed "
            f"({', '.join(sequence.names)}), or None if it changes them in place"
        )
    return sequence.structure.leaves(params) if not sequence.structure.bare else leaves


def _row(leaves: list[Any], sequence: GradientSequence, name: str) -> Array:
    for leaf, shape, block in zip(leaves, sequence.shapes, sequence.names, strict=True):
        if np.shape(leaf) != shape:
            raise SubjectError(
                f"{name} changed the shape of {block} from {shape} to {np.shape(leaf)}: the parameters "
                "must keep their shape, so look for a broadcast such as (3,) + (3, 1)"
            )
    return _joined(leaves)


def _joined(leaves: list[Any]) -> Array:
    return np.concatenate([np.asarray(leaf, dtype=np.float64).ravel() for leaf in leaves])


def _described(value: Any) -> str:
    if isinstance(value, tuple):
        return f"a tuple of {len(value)}"
    if isinstance(value, Mapping):
        return f"a dict of {', '.join(map(str, value)) or 'nothing'}"
    return f"a {type(value).__qualname__}"
