"""Bounds and names that a strategy cannot use are refused at once."""

from __future__ import annotations

from typing import Any

import pytest

from gradcheck.errors import SubjectError
from gradcheck.nn import Huber
from gradcheck.strategies.arguments import check_bounds, known_names


def test_bounds_with_a_number_between_them_are_accepted() -> None:
    check_bounds("size", 1, 1)
    check_bounds("axes", 0, 3, floor=0)


@pytest.mark.parametrize(
    ("smallest", "largest", "message"),
    [
        (2, 1, "min_size is 2 and max_size is 1"),
        (0, 1, "min_size must be a whole number of at least 1, got 0"),
        (1, 2.0, "max_size must be a whole number of at least 1, got 2.0"),
        (True, 2, "min_size must be a whole number"),
    ],
)
def test_other_bounds_are_refused(smallest: Any, largest: Any, message: str) -> None:
    with pytest.raises(SubjectError, match=message):
        check_bounds("size", smallest, largest)


def test_names_and_classes_are_known_by_name() -> None:
    known = ("Huber", "LogCosh")
    assert known_names("loss", None, known) == known
    assert known_names("loss", "LogCosh", known) == ("LogCosh",)
    assert known_names("loss", Huber, known) == ("Huber",)
    assert known_names("loss", [Huber, "LogCosh"], known) == known
    with pytest.raises(SubjectError, match="there is no loss 'Hubert', did you mean 'Huber'"):
        known_names("loss", ["Hubert"], known)
    with pytest.raises(SubjectError, match="the list of loss names is empty"):
        known_names("loss", [], known)
