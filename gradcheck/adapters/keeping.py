"""Objects that come out of a check as they went in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


@contextmanager
def kept(objects: Iterable[Any]) -> Iterator[None]:
    """Put the attributes of objects back on leaving: which they are, and what arrays, dicts and generators hold.

    What stands in tuples, lists and further objects is put back as the same thing, and taken not to have changed.
    """
    undo = [_snapshot(vars(thing)) for thing in objects]
    try:
        yield
    finally:
        for step in undo:
            step()


def _snapshot(attributes: dict[str, Any]) -> Callable[[], None]:
    before = dict(attributes)
    inner = [_content(value) for value in before.values()]

    def restore() -> None:
        attributes.clear()
        attributes.update(before)
        for step in inner:
            step()

    return restore


def _content(value: Any) -> Callable[[], None]:
    if isinstance(value, np.ndarray):
        return _array(value)
    if type(value) is dict:
        return _snapshot(value)
    if isinstance(value, np.random.Generator):
        return _generator(value)
    return _nothing


def _array(array: np.ndarray[Any, Any]) -> Callable[[], None]:
    copy = array.copy()

    def restore() -> None:
        if not np.array_equal(array, copy, equal_nan=array.dtype.kind in "fc"):
            array[...] = copy

    return restore


def _generator(generator: np.random.Generator) -> Callable[[], None]:
    state = generator.bit_generator.state

    def restore() -> None:
        generator.bit_generator.state = state

    return restore


def _nothing() -> None:
    pass
