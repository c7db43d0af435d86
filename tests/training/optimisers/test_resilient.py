"""Resilient propagation and its variants, on gradients whose steps can be computed by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.training.optimisers.gradient_sequence import GradientSequence, draw_gradient_sequence
from gradcheck.training.optimisers.resilient import ResilientRule

VALUES = {"rate": 1.0, "shrink": 0.5, "grow": 2.0, "smallest": 0.1, "largest": 3.0}


def one_entry(*grads: float) -> GradientSequence:
    """A sequence of one entry with given gradients."""
    drawn = draw_gradient_sequence(np.zeros(1), 0, steps=len(grads))
    fields: dict[str, Any] = {name: getattr(drawn, name) for name in drawn.__dataclass_fields__}
    return GradientSequence(**{**fields, "grads": np.array(grads)[:, None]})


def changes(rule: ResilientRule, *grads: float) -> list[float]:
    return [float(change) for change in np.diff(rule.path(VALUES, one_entry(*grads))[:, 0])]


@pytest.mark.parametrize(
    ("after", "steps"),
    [
        ("wait", [-1.0, -2.0, 0.0, 1.0, 2.0]),
        ("go", [-1.0, -2.0, 1.0, 2.0, 3.0]),
        ("go and forget", [-1.0, -2.0, 1.0, 1.0, 2.0]),
        ("wait and keep", [-1.0, -2.0, 0.0, 2.0, 3.0]),
        ("back", [-1.0, -2.0, 2.0, 1.0, 2.0]),
    ],
)
def test_what_happens_after_a_change_of_sign(after: Any, steps: list[float]) -> None:
    assert changes(ResilientRule(after_sign_change=after), 5.0, 0.1, -1.0, -1.0, -1.0) == steps


def test_bounds_limit_the_step_size() -> None:
    assert changes(ResilientRule(), 1, 1, 1, 1) == [-1.0, -2.0, -3.0, -3.0]
    assert changes(ResilientRule(bounded=False), 1, 1, 1, 1) == [-1.0, -2.0, -4.0, -8.0]


def test_a_scaled_step_depends_on_the_size_of_the_gradient() -> None:
    assert changes(ResilientRule(scaled=True), 5.0, 0.5) == [-5.0, -1.0]
    assert changes(ResilientRule(), 5.0, 0.5) == [-1.0, -2.0]


def test_a_state_that_is_reset_never_grows() -> None:
    assert changes(ResilientRule(reset_each_step=True), 1, 1, 1) == [-1.0, -1.0, -1.0]
    assert changes(ResilientRule(frozen_blocks=(0,)), 1, 1) == [0.0, 0.0]
