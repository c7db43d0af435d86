"""What happens while a step runs: sites in the source, events there, and how a run may end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

Action = Callable[[Any], Any]


@dataclass(frozen=True)
class Site:
    """A place in the source where something is assigned.

    Attributes
    ----------
    index : int
    file : str
    line, column : int
    target : str
        What is assigned to, as it is written; of an expression, its own text.
    function : str
        The function that it stands in.
    text : str
        The statement.
    kind : str
        "assign", "increment", "expression", "return".
    sign : int
        Of an increment: whether it is added or subtracted.
    """

    index: int
    file: str
    line: int
    column: int
    target: str
    function: str
    text: str
    kind: str = "assign"
    sign: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.target}"


@dataclass
class Event:
    """One value on its way to where it is assigned.

    Attributes
    ----------
    index : int
    site : Site
    value : ndarray
        A copy.
    names : dict of str to Site
        What it is called, there and later, and where.
    rate : float
        Of an increment: the learning rate in it.
    container : ndarray or None
        What it is a part of, and `key` which part.
    key : object
    in_place : bool
        Whether it is what an array holds after it was changed.
    """

    index: int
    site: Site
    value: Array
    names: dict[str, Site]
    rate: float = 1.0
    container: Any = None
    key: Any = None
    in_place: bool = False
    object_id: int = 0


class Diverged(Exception):
    """A replay took another branch than the step that was recorded."""


class Finished(BaseException):
    """All that a replay was for has been seen."""


class Left(BaseException):
    """The body of the loop was left by a return."""


class Captured(BaseException):
    """The program arrived at the step."""


def is_real(value: Any) -> bool:
    """Whether a value is a float or an array of floats."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind == "f" and value.size > 0
    return isinstance(value, (float, np.floating))


def by_mask(key: Any) -> bool:
    """Whether an index chooses by a mask or by lists, so that what is written is best seen in the whole."""
    keys = key if isinstance(key, tuple) else (key,)
    return any(isinstance(k, (np.ndarray, list)) or k is Ellipsis for k in keys) or any(
        isinstance(k, slice) and k == slice(None) for k in keys[:1] if len(keys) == 1
    )


def only_slices(key: Any) -> bool:
    """Whether an index takes whole stretches of an array."""
    return all(isinstance(k, slice) for k in (key if isinstance(key, tuple) else (key,)))


def applied(action: Action, value: Any, *, in_place: bool) -> Any:
    """A value after an action on it; of an array that was changed in place, the array itself."""
    new = action(np.asarray(value, dtype=np.float64))
    if isinstance(value, np.ndarray):
        if in_place:
            value[...] = np.asarray(new).reshape(value.shape)
            return value
        return np.array(new, dtype=value.dtype).reshape(value.shape)
    return type(value)(np.asarray(new).reshape(()))


def spreads(shape: tuple[int, ...], over: tuple[int, ...]) -> bool:
    """Whether arrays of a shape can be added to arrays of another without changing the shape of those."""
    try:
        return np.broadcast_shapes(shape, over) == over
    except ValueError:
        return False


def fitted(value: Array, shape: tuple[int, ...]) -> Array:
    """A value in a shape of as many entries, or spread over it."""
    return value.reshape(shape) if value.size == int(np.prod(shape)) else np.broadcast_to(value, shape)


def copied(value: Any) -> Any:
    """A copy of arrays, and of tuples and lists of them."""
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, (tuple, list)):
        return type(value)(copied(v) for v in value)
    return value
