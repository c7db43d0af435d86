"""A context manager that restores the attributes of objects after a check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np


@contextmanager
def preserved(objects: Iterable[Any], *, skip: str) -> Iterator[None]:
    """Restore the attributes of objects on exit.

    An attribute gets back the object that it had, and arrays, dicts, lists and random generators get back their
    contents. The contents of tuples and other objects are not restored.

    Parameters
    ----------
    objects : iterable of object
    skip : str
        An attribute whose contents the caller restores.
    """
    with ExitStack() as undo:
        for each in objects:
            _preserve(undo, vars(each), skip)
        yield


def _preserve(undo: ExitStack, values: dict[str, Any], skip: str = "") -> None:
    undo.callback(_refill, values, dict(values))
    for name, value in values.items():
        if name == skip:
            continue
        if isinstance(value, np.ndarray) and value.flags.writeable:
            undo.callback(np.copyto, value, value.copy())
        elif isinstance(value, np.random.Generator):
            undo.callback(setattr, value.bit_generator, "state", value.bit_generator.state)
        elif type(value) is dict:
            _preserve(undo, value)
        elif type(value) is list:
            undo.callback(value.__setitem__, slice(None), list(value))
            for inner in value:
                if isinstance(inner, np.ndarray) and inner.flags.writeable:
                    undo.callback(np.copyto, inner, inner.copy())


def _refill(values: dict[str, Any], before: dict[str, Any]) -> None:
    values.clear()
    values.update(before)
