"""The mistakes that reproduce a path are found, simplest first."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np

from gradcheck.training.optimisers.formula import AveragingRule
from gradcheck.training.optimisers.gradient_sequence import draw_gradient_sequence
from gradcheck.training.optimisers.naming import Explanation, explanations, fitted_hyperparameters
from gradcheck.training.optimisers.references import FORMULAS, Reference, reference_of
from tests.training.optimisers.right import NUMBERS

SEQUENCE = draw_gradient_sequence(None, 0)
ADAM_VALUES = NUMBERS["Adam"]
ADAM = cast(AveragingRule, FORMULAS["Adam"])


def adam() -> Reference:
    return reference_of("Adam", None, ADAM_VALUES)


def explained(measured: np.ndarray) -> list[Explanation]:
    return explanations(measured, SEQUENCE, adam())


def test_one_mistake_is_found_with_its_variant_and_the_right_path() -> None:
    found = explained(replace(ADAM, epsilon="inside").path(ADAM_VALUES, SEQUENCE))
    assert found[0].slug == "epsilon-place"
    assert found[0].message == "ε is added in another place (inside the root)"
    np.testing.assert_allclose(found[0].expected, ADAM.path(ADAM_VALUES, SEQUENCE), rtol=1e-12)


def test_two_mistakes_are_found_if_no_single_one_suffices() -> None:
    found = explained(replace(ADAM, epsilon="inside", sign=1.0).path(ADAM_VALUES, SEQUENCE))
    assert [each.slug for each in found] == ["sign-flipped + epsilon-place"]
    assert "; " in found[0].message


def test_a_right_path_and_an_unknown_one() -> None:
    right = ADAM.path(ADAM_VALUES, SEQUENCE)
    assert not [each for each in explained(right) if each.slug == "sign-flipped"]
    unknown = SEQUENCE.start - np.vstack([0 * SEQUENCE.start, np.cumsum(np.tanh(SEQUENCE.grads), axis=0)])
    assert explained(unknown) == []


def test_given_hyperparameters_are_not_fitted() -> None:
    assert fitted_hyperparameters(ADAM.path(ADAM_VALUES, SEQUENCE), SEQUENCE, adam()) == ADAM_VALUES
