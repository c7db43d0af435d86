"""Sets of objects whose order would depend on where they are in memory come in the order of their items."""

from __future__ import annotations

from gradcheck.scripts.instrument.ordered_sets import OrderedSet, new_set


class Thing:
    pass


class Named:
    def __init__(self, name: str) -> None:
        self.name = name

    def __hash__(self) -> int:
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Named) and other.name == self.name


def test_objects_without_a_hash_of_their_own_keep_their_order() -> None:
    things = [Thing() for _ in range(50)]
    found = new_set([*things, things[3]])
    assert isinstance(found, set)
    assert list(found) == things
    assert found == set(things)


def test_other_items_make_an_ordinary_set() -> None:
    assert type(new_set([3, 1])) is set
    assert type(new_set([Named("a")])) is set
    assert type(new_set()) is OrderedSet  # what is added later is not known


def test_an_ordered_set_is_a_set() -> None:
    a, b, c, d = (Thing() for _ in range(4))
    found = OrderedSet([a, b])
    found.add(c)
    found.add(a)
    assert list(found) == [a, b, c]
    assert list(found | {d}) == [a, b, c, d]
    assert list(found - {b}) == [a, c]
    assert list(found & {c, b}) == [b, c]
    found |= {d}
    found.discard(b)
    assert list(found) == [a, c, d]
    assert found.pop() is d
    found.update([b], [d])
    assert list(found.copy()) == [a, c, b, d]
    found -= {a}
    found ^= {a, b}
    assert list(found) == [c, d, a]
    found &= {a, c}
    found.remove(c)
    assert list(found) == [a]
    found.clear()
    assert not list(found)
    assert {a, b} == OrderedSet([b, a])
