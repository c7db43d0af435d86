"""An iterator that the program shares between iterations: each replay gets the same items from it."""

from __future__ import annotations

import io
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from gradcheck.scripts.instrument.tracer import TRACER, Tracer


class ReplayedIterator:
    """In place of an iterator or a generator: keeps what it gave, to give it again.

    Parameters
    ----------
    source : iterator
    tracer : Tracer
        Sees nothing of what the source computes.
    keep : callable
        Called with each item when it is drawn. Returns a function that puts the item's content back.

    Attributes
    ----------
    position : int
        The number of items that were given since the step begins.
    """

    def __init__(self, source: Iterator[Any], tracer: Tracer, keep: Callable[[Any], Callable[[], None]]) -> None:
        self.source, self.position = source, 0
        self._tracer, self._keep = tracer, keep
        self._drawn: list[tuple[Any, Callable[[], None]]] = []

    def __iter__(self) -> ReplayedIterator:
        return self

    def __next__(self) -> Any:
        if self.position == len(self._drawn):
            with self._tracer.paused():
                item = next(self.source)
            self._drawn.append((item, self._keep(item)))
        self.position += 1
        return self._drawn[self.position - 1][0]

    def rewind(self, position: int) -> None:
        """Give the items from a position on again, as they were when they were drawn."""
        self.position = position
        for _, restore in self._drawn[position:]:
            restore()

    def send(self, value: Any) -> Any:
        """A generator that is sent something cannot be repeated."""
        if value is not None:
            raise TypeError("a replay cannot send a value to a generator that was started before the step")
        return next(self)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.source, name)


def is_shared_iterator(value: Any) -> bool:
    """Whether a value is an iterator of Python or of a library; one of the program's own has attributes to put back."""
    no_iterators = (ReplayedIterator, io.IOBase, *weakref.ProxyTypes)
    if issubclass(type(value), no_iterators) or not issubclass(type(value), Iterator):
        return False
    return not any(TRACER in getattr(m, "__globals__", ()) for c in type(value).__mro__ for m in vars(c).values())
