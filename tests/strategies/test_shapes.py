"""Shapes keep to their bounds, and shrink to the smallest."""

from __future__ import annotations

import pytest
from hypothesis import find, given, settings

from gradcheck.errors import SubjectError
from gradcheck.strategies import shapes
from tests.profiles import DERANDOMIZE

few = settings(max_examples=30, deadline=None, derandomize=DERANDOMIZE, database=None)
afresh = settings(database=None, derandomize=True)


@few
@given(shapes(min_axes=2, max_axes=3, min_size=2, max_size=3))
def test_shapes_keep_to_their_bounds(shape: tuple[int, ...]) -> None:
    assert 2 <= len(shape) <= 3
    assert set(shape) <= {2, 3}


def test_shapes_shrink_to_the_smallest() -> None:
    assert find(shapes(), lambda shape: len(shape) > 1, settings=afresh) == (1, 1)
    assert find(shapes(), lambda shape: max(shape) > 2, settings=afresh) == (3,)
    with pytest.raises(SubjectError, match="min_size is 3 and max_size is 2"):
        shapes(min_size=3, max_size=2)
