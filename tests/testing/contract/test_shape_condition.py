"""A condition that exactly the wrong shapes meet is found and put in words."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from gradcheck.testing.contract.shape_condition import common_condition

SQUARES = list(itertools.product(range(1, 5), repeat=2))


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (lambda s: s[1] % 2 == 0, "axis 1 is even"),
        (lambda s: s[0] == 1, "the number of samples is 1"),
        (lambda s: s[1] >= 3, "axis 1 is 3 or more"),
        (lambda s: s[0] == s[1], "axes 0 and 1 are equal"),
        (lambda s: s[0] % 2 == 1 and s[1] <= 2, "the number of samples is odd, and axis 1 is 2 or less"),
        (lambda s: sum(s) == 5, ""),
        (lambda s: True, ""),
        (lambda s: False, ""),
    ],
)
def test_what_wrong_shapes_have_in_common_is_described(wrong: Any, expected: str) -> None:
    bad = [shape for shape in SQUARES if wrong(shape)]
    found = common_condition(bad, [shape for shape in SQUARES if shape not in bad])
    assert found == expected
