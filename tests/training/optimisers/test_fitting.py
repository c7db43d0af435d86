"""Hyperparameters are recovered from the steps of a rule."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.training.optimisers.fitting import STARTING_VALUES, fit
from gradcheck.training.optimisers.gradient_sequence import draw_gradient_sequence
from gradcheck.training.optimisers.references import FORMULAS, hyperparameter_names
from tests.training.optimisers.right import NUMBERS

SEQUENCE = draw_gradient_sequence(None, 0)


@pytest.mark.parametrize("kind", ["SGD", "Momentum", "RMSProp", "IRpropMinus"])
def test_all_hyperparameters_are_fitted(kind: str) -> None:
    values, formula = NUMBERS[kind], FORMULAS[kind]
    found = fit(formula.path, formula.path(values, SEQUENCE), SEQUENCE, {}, hyperparameter_names(kind))
    assert found is not None
    for name, value in values.items():
        assert found[name] == pytest.approx(value, rel=1e-6), name


def test_given_hyperparameters_are_kept() -> None:
    formula, values = FORMULAS["RMSProp"], NUMBERS["RMSProp"]
    measured = formula.path(values, SEQUENCE)
    found = fit(formula.path, measured, SEQUENCE, {"decay": values["decay"], "eps": values["eps"]}, ["rate"])
    assert found == values
    assert fit(formula.path, measured, SEQUENCE, values, []) == values


def test_values_are_not_rounded_if_the_rounded_ones_do_not_fit() -> None:
    values = {"rate": 0.0312345678}
    found = fit(FORMULAS["SGD"].path, FORMULAS["SGD"].path(values, SEQUENCE), SEQUENCE, {}, ["rate"])
    assert found is not None
    assert found["rate"] == pytest.approx(values["rate"], rel=1e-9)


def test_a_path_that_no_hyperparameters_reproduce_gives_the_closest() -> None:
    """Steps of the sign of the gradient are not steps of descent, at any rate."""
    signs = np.vstack([SEQUENCE.start, SEQUENCE.start - 0.01 * np.cumsum(np.sign(SEQUENCE.grads), axis=0)])
    found = fit(FORMULAS["SGD"].path, signs, SEQUENCE, {}, ["rate"])
    assert found is not None
    assert not np.allclose(FORMULAS["SGD"].path(found, SEQUENCE), signs)


def test_every_hyperparameter_has_starting_values() -> None:
    assert {name for kind in FORMULAS for name in hyperparameter_names(kind)} <= set(STARTING_VALUES)
