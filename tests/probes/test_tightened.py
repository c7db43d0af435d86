"""A loss with smaller tolerances is measured at the same point, if they matter there."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.probes.evaluator import Evaluator
from gradcheck.probes.tightened import TightenedLoss
from gradcheck.subjects.convert import as_subject
from tests.cases import Array
from tests.probers import prober_of


def tightened(loss: float, claim: float, *, raises: bool = False) -> TightenedLoss:
    """Of the sum of squares: loss and claim that are off by so much of themselves."""

    def fun(x: Array) -> float:
        if raises:
            raise ArithmeticError
        return (1 + loss) * float(x @ x)

    return TightenedLoss(Evaluator(as_subject(fun, lambda x: (1 + claim) * 2 * x, np.arange(1.0, 4.0)), 500), True)


@pytest.mark.parametrize(("loss", "claim"), [(1e-9, 0.0), (0.0, 1e-9), (1e-3, 1e-3)])
def test_tolerances_that_change_loss_or_claim_matter(loss: float, claim: float) -> None:
    here = prober_of(lambda x: float(x @ x), lambda x: 2 * x, np.arange(1.0, 4.0))
    there = tightened(loss, claim).at(here)
    assert there is not None
    assert there.data.value == pytest.approx((1 + loss) * 14.0)
    assert there.data.claim[0] == pytest.approx((1 + claim) * here.data.claim[0])
    assert np.array_equal(there.data.point[0], here.data.point[0])


@pytest.mark.parametrize(("loss", "raises"), [(0.0, False), (1e-16, False), (1e-3, True), (np.nan, False)])
def test_what_changes_by_rounding_or_cannot_be_computed_says_nothing(loss: float, raises: bool) -> None:
    here = prober_of(lambda x: float(x @ x), lambda x: 2 * x, np.arange(1.0, 4.0))
    assert tightened(loss, 0.0, raises=raises).at(here) is None
