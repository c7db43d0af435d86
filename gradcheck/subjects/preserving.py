"""A context manager that restores the attributes of objects after a check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.subjects.frameworks.detection import memory_of


@contextmanager
def preserved(objects: Iterable[Any], *, skip: str) -> Iterator[None]:
    """Restore the attributes of objects on exit.

    An attribute gets back the object that it had, and arrays, tensors, dicts, lists and random generators get back
    their contents. The contents of tuples and other objects are not restored.

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
        memory = _memory(value)
        if memory is not None:
            undo.callback(np.copyto, memory, memory.copy())
        elif isinstance(value, np.random.Generator):
            undo.callback(setattr, value.bit_generator, "state", value.bit_generator.state)
        elif type(value) is dict:
            _preserve(undo, value)
        elif type(value) is list:
            undo.callback(value.__setitem__, slice(None), list(value))
            for memory in map(_memory, value):
                if memory is not None:
                    undo.callback(np.copyto, memory, memory.copy())


def _memory(value: Any) -> NDArray[Any] | None:
    """The memory of an array or of a tensor that can be written to; None of anything else."""
    if isinstance(value, np.ndarray):
        return value if value.flags.writeable else None
    return memory_of(value)


def _refill(values: dict[str, Any], before: dict[str, Any]) -> None:
    values.clear()
    values.update(before)
