"""A gradient vanishes if the first layer gets less than a thousandth of the last."""

from __future__ import annotations

import pytest

from gradcheck.training.doctor.causes.vanishing_gradient import find
from tests.training.doctor.causes.tools import with_layer_gradients


def test_a_ratio_below_the_threshold_is_found() -> None:
    finding = find(with_layer_gradients(0.9e-4, 1e-2, 1e-1))
    assert finding is not None
    assert (finding.slug, finding.where) == ("vanishing-gradient", "layers.0")
    assert "a factor of 0.03 per layer, 0.0009 in all" in finding.evidence


@pytest.mark.parametrize(
    "measurements",
    [
        with_layer_gradients(1.1e-4, 1e-2, 1e-1),
        with_layer_gradients(1e-9, 1e-1),
        with_layer_gradients(0.0, 1e-2, 1e-1),
        with_layer_gradients(1e-9, 1e-2, 1e-1, stalled=False),
        with_layer_gradients(1e-9, 1e-2, 1e-1, effective_step=None),
    ],
)
def test_a_smaller_ratio_few_layers_or_a_rule_that_normalises_are_not(measurements: object) -> None:
    assert find(measurements) is None  # type: ignore[arg-type]
