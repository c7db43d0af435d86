"""Each formula takes the steps of its reference."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.nn.kinds import OPTIMISERS
from gradcheck.training.optimisers.gradient_sequence import draw_gradient_sequence
from gradcheck.training.optimisers.references import FORMULAS, reference_of
from tests.training.optimisers.right import NUMBERS


@pytest.mark.parametrize("kind", FORMULAS)
@pytest.mark.parametrize("seed", [0, 1])
def test_each_formula_takes_the_steps_of_its_optimiser(kind: str, seed: int) -> None:
    sequence, values = draw_gradient_sequence(None, seed), NUMBERS[kind]
    expected = reference_of(kind, None, values).path(values, sequence)
    np.testing.assert_allclose(FORMULAS[kind].path(values, sequence), expected, rtol=1e-13, atol=1e-15)
    assert expected.shape == (sequence.steps + 1, sequence.start.size)


def test_every_optimiser_is_a_reference() -> None:
    assert set(FORMULAS) == set(OPTIMISERS)
