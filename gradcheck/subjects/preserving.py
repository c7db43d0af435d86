"""Objects that come out of a check as they went in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np


@contextmanager
def kept(objects: Iterable[Any], *, but: str) -> Iterator[None]:
    """Put the attributes of objects back on leaving: which they are, and what arrays, dicts and generators hold.

    The attribute `but` is left out: somebody else looks after it. What stands in tuples, lists and further objects is
    put back as the same thing, and taken not to have changed.
    """
    with ExitStack() as undo:
        for thing in objects:
            _keep(undo, vars(thing), but)
        yield


def _keep(undo: ExitStack, values: dict[str, Any], but: str = "") -> None:
    undo.callback(_refill, values, dict(values))
    for name, value in values.items():
        if name == but:
            continue
        if isinstance(value, np.ndarray) and value.flags.writeable:
            undo.callback(np.copyto, value, value.copy())
        elif isinstance(value, np.random.Generator):
            undo.callback(setattr, value.bit_generator, "state", value.bit_generator.state)
        elif type(value) is dict:
            _keep(undo, value)


def _refill(values: dict[str, Any], before: dict[str, Any]) -> None:
    values.clear()
    values.update(before)
