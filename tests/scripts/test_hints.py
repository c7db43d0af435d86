"""Command-line hints."""

from __future__ import annotations

import pytest

from gradcheck.errors import TargetError
from gradcheck.scripts.hints import Hints, hints_of, require_parameters


def test_a_pair_is_split() -> None:
    assert hints_of(None, ["W1 = dW1"]) == Hints(pairs=(("W1", "dW1"),))


@pytest.mark.parametrize("pair", ["W1", "W1=", "=dW1", ""])
def test_a_pair_without_both_names_is_refused(pair: str) -> None:
    with pytest.raises(TargetError, match="W1=dW1"):
        hints_of(None, [pair])


def test_a_pair_is_about_a_parameter() -> None:
    hints = Hints(pairs=(("W1", "dW1"),))
    require_parameters(hints, ["net.W1", "b"])
    require_parameters(hints, ["W1"])
    with pytest.raises(TargetError, match=r"W1 is no parameter of the training step; the parameters are W, b"):
        require_parameters(hints, ["W", "b"])
