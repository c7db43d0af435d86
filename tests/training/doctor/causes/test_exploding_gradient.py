"""A gradient explodes if the first layer gets more than a thousand times that of the last."""

from __future__ import annotations

import pytest

from gradcheck.training.doctor.causes.exploding_gradient import find
from tests.training.doctor.causes.tools import with_layer_gradients


def test_a_ratio_above_the_threshold_is_found() -> None:
    finding = find(with_layer_gradients(1.6e3, 40.0, 1.0))
    assert finding is not None
    assert (finding.slug, finding.where) == ("exploding-gradient", "layers.0")
    assert "a factor of 40 per layer, 2e+03 in all" in finding.evidence


@pytest.mark.parametrize(
    "measurements",
    [
        with_layer_gradients(0.9e3, 40.0, 1.0),
        with_layer_gradients(1e9, 1.0),
        with_layer_gradients(1e9, 1.0, 0.0),
        with_layer_gradients(1e9, 40.0, 1.0, stalled=False),
        with_layer_gradients(1e9, 40.0, 1.0, effective_step=None),
    ],
)
def test_a_smaller_ratio_few_layers_or_a_rule_that_normalises_are_not(measurements: object) -> None:
    assert find(measurements) is None  # type: ignore[arg-type]
