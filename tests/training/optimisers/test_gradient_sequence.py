"""The gradients that both rules are given."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.errors import SubjectError
from gradcheck.training.optimisers.gradient_sequence import SEQUENCE_SETTINGS, draw_gradient_sequence


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_gradients_show_everything_that_a_rule_depends_on(dtype: str) -> None:
    """Sizes on both sides of any ε in each parameter; constant and alternating signs; an entry without a gradient."""
    params = {name: np.zeros((5, 4), dtype) for name in "ab"}
    sequence = draw_gradient_sequence(params, 0)
    sizes = np.abs(sequence.grads)
    np.testing.assert_array_equal(sequence.grads.astype(dtype), sequence.grads)
    for part in sequence.slices:
        seen = sizes[:, part][sizes[:, part] > 0]
        assert seen.min() < 1e-9
        assert seen.max() > 10.0
    assert ((sequence.grads == 0).all(axis=0)).sum() == 1
    changes = (np.diff(np.sign(sequence.grads), axis=0) != 0).sum(axis=0)
    assert {0, sequence.steps - 1} <= set(changes.tolist())


def test_a_seed_gives_the_same_gradients() -> None:
    first, again, other = (draw_gradient_sequence(None, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.grads, again.grads)
    assert not np.array_equal(first.grads, other.grads)
    assert first.steps == SEQUENCE_SETTINGS.steps


def test_entries_are_found_in_their_blocks() -> None:
    sequence = draw_gradient_sequence([np.zeros((2, 3)), np.array(1.0), np.zeros(2)], 0)
    assert [sequence.place(entry) for entry in (0, 5, 6, 8)] == [
        ("0", (0, 0)),
        ("0", (1, 2)),
        ("1", ()),
        ("2", (1,)),
    ]
    nested = sequence.nest(np.arange(9.0))
    assert nested[0].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert not sequence.equal_shapes


def test_blocks_of_equal_shape_can_share_state() -> None:
    assert draw_gradient_sequence(None, 0).equal_shapes
    assert not draw_gradient_sequence({"a": np.zeros(3)}, 0).equal_shapes


def test_no_parameters_are_rejected() -> None:
    with pytest.raises(SubjectError, match="params is empty"):
        draw_gradient_sequence([], 0)
