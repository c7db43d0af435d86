"""Sets that keep the order in which their items came.

Python orders a set by the hashes of its items, and objects without a hash of their own by where they are in memory,
which differs from one replay to the next. A backward pass that goes through such a set would differ with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any


class OrderedSet(set[Any]):
    """A set whose items come in the order in which they were added.

    Parameters
    ----------
    items : iterable, optional

    Examples
    --------
    >>> list(OrderedSet("bca") | {"d"})
    ['b', 'c', 'a', 'd']
    """

    __slots__ = ("_order",)

    def __init__(self, items: Iterable[Any] = ()) -> None:
        self._order: dict[Any, None] = dict.fromkeys(items)
        super().__init__(self._order)

    def __iter__(self) -> Iterator[Any]:
        yield from list(self._order)

    def add(self, item: Any) -> None:
        """Add an item at the end, if it is new."""
        super().add(item)
        self._order[item] = None

    def update(self, *others: Iterable[Any]) -> None:
        """Add the items of others at the end."""
        for other in others:
            for item in other:
                self.add(item)

    def discard(self, item: Any) -> None:
        """Remove an item if it is there."""
        super().discard(item)
        self._order.pop(item, None)

    def remove(self, item: Any) -> None:
        """Remove an item. Raises KeyError if it is not there."""
        super().remove(item)
        del self._order[item]

    def clear(self) -> None:
        """Remove all items."""
        super().clear()
        self._order.clear()

    def pop(self) -> Any:
        """Remove the last item, and return it. Raises KeyError if there is none."""
        item = next(reversed(self._order), None)
        self.remove(item)
        return item

    def difference_update(self, *others: Iterable[Any]) -> None:
        """Remove the items of others."""
        for item in set().union(*others):
            self.discard(item)

    def intersection_update(self, *others: Iterable[Any]) -> None:
        """Remove the items that others do not have."""
        for item in set(self._order).difference(self.intersection(*others)):
            self.discard(item)

    def symmetric_difference_update(self, other: Iterable[Any]) -> None:
        """Remove the items that another has as well, and add its others."""
        for item in list(other):
            (self.discard if item in self else self.add)(item)

    def copy(self) -> OrderedSet:
        """Another set with the same items."""
        return OrderedSet(self)

    def union(self, *others: Iterable[Any]) -> OrderedSet:
        """The items of this set and of others."""
        found = self.copy()
        found.update(*others)
        return found

    def difference(self, *others: Iterable[Any]) -> OrderedSet:
        """The items of this set that others do not have."""
        left = super().difference(*others)
        return OrderedSet(item for item in self if item in left)

    def intersection(self, *others: Iterable[Any]) -> OrderedSet:
        """The items of this set that others have as well."""
        both = super().intersection(*others)
        return OrderedSet(item for item in self if item in both)

    def __or__(self, other: Any) -> Any:
        return self.union(other) if isinstance(other, (set, frozenset)) else NotImplemented

    def __sub__(self, other: Any) -> Any:
        return self.difference(other) if isinstance(other, (set, frozenset)) else NotImplemented

    def __and__(self, other: Any) -> Any:
        return self.intersection(other) if isinstance(other, (set, frozenset)) else NotImplemented

    def __ior__(self, other: Any) -> Any:
        self.update(other)
        return self

    def __isub__(self, other: Any) -> Any:
        self.difference_update(other)
        return self

    def __iand__(self, other: Any) -> Any:
        self.intersection_update(other)
        return self

    def __xor__(self, other: Any) -> Any:
        if not isinstance(other, (set, frozenset)):
            return NotImplemented
        found = self.copy()
        found.symmetric_difference_update(other)
        return found

    def __ixor__(self, other: Any) -> Any:
        self.symmetric_difference_update(other)
        return self


def new_set(items: Iterable[Any] = ()) -> set[Any]:
    """A set of items: an ordered one if their order would depend on where they are in memory."""
    items = list(items)
    return OrderedSet(items) if not items or any(_has_no_hash_of_its_own(item) for item in items) else set(items)


def _has_no_hash_of_its_own(item: Any) -> bool:
    own: Any = type(item).__hash__
    return own is object.__hash__
