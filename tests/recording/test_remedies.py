"""Wrong values of one line are one entry."""

from __future__ import annotations

from gradcheck.recording.backward_values import Rank
from gradcheck.recording.remedies import Faulty, merged


def faulty(unit: int, value: int, block: int, proved: bool = True) -> Faulty:
    return Faulty(unit, value, None, None, (block,), None, Rank.NOTHING, unit, proved)


def test_what_one_line_makes_wrong_is_put_together() -> None:
    one, other = merged([faulty(3, 10, 2), faulty(4, 11, 1), faulty(3, 12, 0, proved=False)])
    assert (one.unit, one.value, one.blocks, one.proved) == (3, 10, (0, 2), False)
    assert (other.unit, other.value, other.blocks, other.proved) == (4, 11, (1,), True)


def test_a_block_is_named_once() -> None:
    (one,) = merged([faulty(3, 10, 1), faulty(3, 12, 1)])
    assert one.blocks == (1,)
    assert one.proved
