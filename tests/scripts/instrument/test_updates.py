"""Which sums are updates, and which numbers a product is made of."""

from __future__ import annotations

import numpy as np

from gradcheck.scripts.instrument.events import Factor, FactorSyntax, SourceLocation
from gradcheck.scripts.instrument.updates import AdditionLog, factors_of


def location(*factors: FactorSyntax) -> SourceLocation:
    return SourceLocation(0, "f.py", 1, 0, "w", "", "w", factors=factors)


def test_a_sum_of_the_old_value_that_is_the_new_value_is_an_update() -> None:
    w, x = np.array([1.0, 2.0]), np.array([5.0, 6.0])
    log = AdditionLog({"w": w, "x": x})
    log.add(3, w, w - 0.1)
    log.add(4, w.copy(), w + x)
    log.add(5, x, x + 1.0)
    log.add(6, 3, 4)
    log.finish({"w": w - 0.1, "x": x})
    assert log.updates() == {3}


def test_numbers_are_factors_and_arrays_are_not() -> None:
    syntax = [
        FactorSyntax(0, 1, False),
        FactorSyntax(0, -1, False),
        FactorSyntax(0, 1, True),
        FactorSyntax(0, 1, False),
    ]
    values = [0.5, np.array([[4]]), 2, np.ones(3)]
    assert factors_of(location(*syntax), values) == (
        Factor(0.5, 1, False, False),
        Factor(4.0, -1, False, True),
        Factor(2.0, 1, True, True),
    )
    assert [f.multiple for f in factors_of(location(*syntax), values)] == [0.5, 0.25, 2.0]


def test_zero_infinity_and_truth_values_are_no_factors() -> None:
    syntax = [FactorSyntax(0, 1, False)] * 4
    assert factors_of(location(*syntax), [0.0, np.inf, True, None]) == ()


def test_of_a_sum_the_factors_of_all_terms() -> None:
    syntax = [FactorSyntax(term, 1, False) for term in (0, 0, 1, 1)]
    assert [f.value for f in factors_of(location(*syntax), [0.1, 3.0, 7.0, 0.1])] == [0.1]
