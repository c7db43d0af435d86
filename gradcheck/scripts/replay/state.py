"""Finds the floats and arrays of floats that a program's variables lead to, and addresses them by access path."""

from __future__ import annotations

import ast
import types
from collections import deque
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.scripts.instrument.values import Array, is_float
from gradcheck.scripts.replay.holders import OPAQUE, accessor_of, cells_of, item_at, items_of, store

#: The name of a variable, then one accessor for each step: ("net", ".layers", "[0]", ".W").
Path = tuple[Any, ...]

#: Values behind more accessors than this are not searched.
_DEEPEST = 10


@dataclass(frozen=True)
class StateVariable:
    """A float, or an array of floats, in the program's state.

    Attributes
    ----------
    name : str
        As a program would write it.
    path : Path
    value : ndarray
        A copy in float64.
    scalar : bool
    owner : object
        The container or object that holds it.
    key : object
        Its key or attribute there.
    found : object
        The object itself.
    part : bool
        Whether it is a part of an array.
    """

    name: str
    path: Path
    value: Array
    scalar: bool
    owner: Any
    key: Any
    found: Any
    part: bool = False

    @property
    def is_writable(self) -> bool:
        """Whether another value can be put in its place: not into a tuple, whose items stay."""
        return not (self.scalar and isinstance(self.owner, (tuple, frozenset)))

    def at(self, key: Any, name: str) -> StateVariable | None:
        """A part of the array as a variable of its own; None if it is not a proper part or cannot be written to."""
        if self.scalar or key is None:
            return None
        try:
            view = self.found[_as_slices(key)]
        except (IndexError, TypeError, ValueError):
            return None
        if not isinstance(view, np.ndarray) or view.base is None or not 0 < view.size < self.found.size:
            return None
        value = np.array(view, dtype=np.float64)
        return StateVariable(name, (*self.path, repr(key)), value, False, self.owner, key, view, True)

    def put(self, owner: Any, value: Array) -> None:
        """Write a value into the array, or put it in place of the float in `owner`."""
        if not self.scalar:
            self.found[...] = value
        else:
            store(owner, self.key, type(self.found)(value))


def _as_slices(key: Any) -> tuple[slice, ...]:
    """An index of integers and slices as slices only, which keeps all axes. Raises TypeError for any other index."""
    keys = key if isinstance(key, tuple) else (key,)
    if not all(isinstance(k, (int, np.integer, slice)) and not isinstance(k, bool) for k in keys):
        raise TypeError(key)
    return tuple(k if isinstance(k, slice) else slice(k, k + 1 or None) for k in keys)


def state_variables(
    *scopes: dict[str, Any],
    accept: Callable[[Any], bool] = is_float,
    cells: Iterable[types.CellType] = (),
    hidden: Iterable[str] = (),
    assigned: Container[str] = (),
) -> dict[Path, StateVariable]:
    """All values that the variables of some scopes lead to and that are accepted; inner scopes come first.

    What several variables share gets the name of one that the step assigns, which the others may not follow.

    Parameters
    ----------
    scopes : dict
    accept : callable
    cells : iterable of cell
        Of variables that are in a scope already.
    hidden : iterable of str
        Names that mean no variable of the outer scopes.
    assigned : container of str
        Names that the step assigns.
    """
    found: dict[Path, StateVariable] = {}
    seen = {id(cell) for cell in cells}
    taken: set[str] = set()
    for variables in scopes:
        names = [name for name in variables if name not in taken and not name.startswith(("__", "_gradcheck"))]
        names.sort(key=lambda name: name not in assigned)
        _search(deque(((name,), name, variables[name], variables, name) for name in names), found, seen, accept)
        taken |= {*variables, *hidden}
    return found


def current_values(before: Mapping[Path, StateVariable], *scopes: dict[str, Any]) -> dict[Path, StateVariable]:
    """Current values at the same access paths, where they are floats."""
    return {
        path: replace(before[path], value=np.array(value, dtype=np.float64), found=value)
        for path, value in values_at(before, *scopes).items()
        if is_float(value)
    }


def values_at(paths: Iterable[Path], *scopes: dict[str, Any]) -> dict[Path, Any]:
    """What some access paths lead to; paths that lead nowhere are left out."""
    found = {}
    for path in paths:
        try:
            value: Any = next(scope[path[0]] for scope in scopes if path[0] in scope)
            for accessor in path[1:]:
                value = item_at(value, accessor[1:] if accessor.startswith(".") else _key(value, accessor))
        except (StopIteration, AttributeError, LookupError, TypeError, ValueError):
            continue
        found[path] = value
    return found


def _search(
    queue: deque[tuple[Path, str, Any, Any, Any]],
    found: dict[Path, StateVariable],
    seen: set[int],
    accept: Callable[[Any], bool],
) -> None:
    """Breadth first, so that each value gets its shortest name."""
    while queue:
        path, name, value, owner, key = queue.popleft()
        if len(path) > _DEEPEST:
            continue
        if accept(value):
            scalar = not isinstance(value, np.ndarray)
            found[path] = StateVariable(name, path, np.array(value, dtype=np.float64), scalar, owner, key, value)
        elif isinstance(value, OPAQUE) or (isinstance(value, np.ndarray) and value.dtype != object):
            continue
        elif id(value) not in seen:
            seen.add(id(value))
            shared = dict(cells_of(value)) if isinstance(value, types.FunctionType) else {}
            for accessor, inner, item in items_of(value):
                if inner is None or (inner in shared and id(shared[inner]) in seen):
                    continue
                if inner in shared:
                    seen.add(id(shared[inner]))
                queue.append(((*path, accessor), name + accessor, item, value, inner))


def _key(container: Any, accessor: str) -> Any:
    if isinstance(container, dict):
        return next(key for key in container if accessor_of(key) == accessor)
    return ast.literal_eval(accessor[1:-1])
