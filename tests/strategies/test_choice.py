"""Each of several options is drawn about equally often, and the first is the simplest."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import Phase, find, given, settings

from gradcheck.strategies.choice import evenly


@pytest.mark.parametrize("count", [1, 2, 3, 17])
def test_every_option_is_drawn_about_equally_often(count: int) -> None:
    seen: Counter[int] = Counter()

    @settings(max_examples=60 * count, derandomize=True, database=None, phases=[Phase.generate], deadline=None)
    @given(evenly(range(count)))
    def draw(option: int) -> None:
        seen[option] += 1

    draw()
    assert set(seen) == set(range(count))
    assert max(seen.values()) < 4 * min(seen.values())


def test_it_shrinks_to_the_first() -> None:
    afresh = settings(database=None, derandomize=True)
    assert find(evenly("abcde"), lambda option: True, settings=afresh) == "a"
    assert find(evenly("abcde"), lambda option: option > "b", settings=afresh) == "c"
