"""Losses shrink to the simplest and print as the call that makes them."""

from __future__ import annotations

import pytest
from hypothesis import find, settings

from gradcheck import nn
from gradcheck.errors import SubjectError
from gradcheck.strategies import losses

afresh = settings(database=None, derandomize=True)


def test_losses_shrink_to_the_simplest_and_print_as_they_are_made() -> None:
    assert repr(find(losses(), lambda loss: True, settings=afresh)) == "MeanSquaredError(reduction='mean')"
    found = find(losses(kinds=["Triplet"], reductions=["sum"]), lambda loss: True, settings=afresh)
    assert repr(eval(repr(found), vars(nn) | {"Triplet": nn.Triplet})) == repr(found)
    with pytest.raises(SubjectError, match="there is no reduction 'none'"):
        losses(reductions=["none"])  # type: ignore[list-item]
