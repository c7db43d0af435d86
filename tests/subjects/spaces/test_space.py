"""The claimed slope along a direction is put together from what its blocks contribute."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest

from gradcheck.subjects.spaces.numpy_space import NUMPY, NumpyEntryRange
from gradcheck.subjects.spaces.space import Contribution, EntryRange, Space, claimed_slope


@dataclass(frozen=True)
class Given:
    contributions: tuple[Contribution | None, ...]
    slope: float
    length: float = 1.0


FIRST = Contribution(slope=2.0, norm=3.0, small=0.5, rounding=3e-16, zero=False, length=1.0)
SECOND = Contribution(slope=-0.5, norm=4.0, small=0.25, rounding=4e-16, zero=False, length=1.0)
ZERO = Contribution(slope=1e-17, norm=1e-17, small=1e-17, rounding=1e-17, zero=True, length=1.0)


def test_norms_and_rounding_add_in_squares_and_the_least_entry_decides() -> None:
    found = claimed_slope(Given((FIRST, SECOND), 1.5))
    assert found.value == 1.5
    assert found.norm == pytest.approx(5.0)
    assert found.rounding == pytest.approx(5e-16)
    assert found.small == 0.25


def test_blocks_that_do_not_move_contribute_nothing() -> None:
    assert claimed_slope(Given((None, FIRST, None), 2.0)) == claimed_slope(Given((FIRST,), 2.0))


def test_a_claim_of_zero_has_no_small_entry() -> None:
    assert claimed_slope(Given((FIRST, ZERO), 2.0)).small == 0.5
    assert claimed_slope(Given((ZERO,), 0.0)).small == 0.0
    assert claimed_slope(Given((None,), 0.0)).norm == 0.0
    assert math.isfinite(claimed_slope(Given((), 0.0)).rounding)


def test_a_space_that_lacks_an_operation_cannot_be_made() -> None:
    class Incomplete(Space):
        pass

    class NoRange(EntryRange):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Incomplete()  # type: ignore[abstract]
    with pytest.raises(TypeError, match="abstract"):
        NoRange()  # type: ignore[abstract]
    assert isinstance(NUMPY, Space)
    assert isinstance(NUMPY.entry_range(), NumpyEntryRange)
