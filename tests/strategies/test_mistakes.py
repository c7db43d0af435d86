"""Mistakes that transform a gradient can be drawn, side effects cannot."""

from __future__ import annotations

import pytest
from hypothesis import find, settings

from gradcheck.errors import SubjectError
from gradcheck.strategies import mistakes

afresh = settings(database=None, derandomize=True)


def test_mistakes_are_transformations_of_a_gradient() -> None:
    assert find(mistakes(), lambda mistake: True, settings=afresh).slug == "sign-flipped"
    assert find(mistakes(slugs=["GC201"]), lambda mistake: True, settings=afresh).slug == "transposed"
    with pytest.raises(SubjectError, match="there is no mistake 'transpose', did you mean 'transposed'"):
        mistakes(slugs=["transpose"])
    with pytest.raises(SubjectError, match="'nondeterministic' cannot be drawn"):
        mistakes(slugs=["nondeterministic"])
