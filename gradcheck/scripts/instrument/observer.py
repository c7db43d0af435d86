"""What the tracer itself computes with the values of the program, so that a run can be observed without a gap."""

from __future__ import annotations

from typing import Any

from gradcheck.scripts.instrument.values import Array


class Observer:
    """Computes what the tracer needs, and meets every event; this one takes no notice of them."""

    def total(self, a: Any, b: Any, *, subtracts: bool) -> Any:
        """A sum or a difference that the program computes."""
        return a - b if subtracts else a + b

    def rows(self, array: Array) -> list[Any]:
        """The rows of an array that is unpacked."""
        return list(array)

    def part(self, container: Array, key: Any) -> Any:
        """A part of an array."""
        return container[key]

    def event(self, index: int, value: Any, container: Any, key: Any, in_place: bool) -> Any:
        """An event of a replay; the value that the program goes on with.

        Parameters
        ----------
        index : int
        value : object
        container, key : object
            Of a part of an array: the array and the index; else None.
        in_place : bool
            Whether the value is an array after it was changed in place.
        """
        return value
