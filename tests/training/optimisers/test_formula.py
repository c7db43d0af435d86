"""The formulas with exchangeable terms are the references, term by term."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.nn.kinds import OPTIMISERS
from gradcheck.training.optimisers.references import FORMULAS, reference_of
from gradcheck.training.optimisers.track import track_of
from tests.training.optimisers.right import NUMBERS


@pytest.mark.parametrize("kind", FORMULAS)
@pytest.mark.parametrize("seed", [0, 1])
def test_each_formula_takes_the_steps_of_its_optimiser(kind: str, seed: int) -> None:
    track, numbers = track_of(None, seed), NUMBERS[kind]
    expected = reference_of(kind, None, numbers).path(numbers, track)
    np.testing.assert_allclose(FORMULAS[kind].path(numbers, track), expected, rtol=1e-13, atol=1e-15)
    assert expected.shape == (track.steps + 1, track.start.size)


def test_every_optimiser_is_a_reference() -> None:
    assert set(FORMULAS) == set(OPTIMISERS)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_gradients_show_all_that_a_rule_goes_by(dtype: str) -> None:
    """Sizes on both sides of any ε in each parameter; signs that stay and alternate; an entry without a gradient."""
    params = {name: np.zeros((5, 4), dtype) for name in "ab"}
    track = track_of(params, 0)
    sizes = np.abs(track.grads)
    np.testing.assert_array_equal(track.grads.astype(dtype), track.grads)
    for part in track.slices:
        seen = sizes[:, part][sizes[:, part] > 0]
        assert seen.min() < 1e-9
        assert seen.max() > 10.0
    assert ((track.grads == 0).all(axis=0)).sum() == 1
    changes = (np.diff(np.sign(track.grads), axis=0) != 0).sum(axis=0)
    assert {0, track.steps - 1} <= set(changes.tolist())
