"""There is a case for every layer and every loss, and its targets are what the loss takes."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.nn.kinds import ACTIVATIONS, LAYERS, LOSSES, make
from gradcheck.testing.cases import DISTRIBUTION, LAYER_CASES, LOG_DISTRIBUTION, LOSS_CASES, PROBABILITIES, Requirement


def test_no_layer_and_no_loss_is_missing() -> None:
    assert set(LAYER_CASES) == set(LAYERS)
    assert set(LOSS_CASES) == set(LOSSES)


@pytest.mark.parametrize("kind", LAYERS)
def test_a_layer_takes_the_samples_of_its_case(kind: str) -> None:
    arguments, sample = LAYER_CASES[kind]
    rng = np.random.default_rng(0)
    layer = make("layer", {"kind": kind} | arguments, rng=rng, dtype=np.float64)
    x = rng.integers(0, arguments["vocabulary"], (3, *sample)) if kind == "Embedding" else rng.random((3, *sample))
    assert len(layer.forward(x)) == 3


@pytest.mark.parametrize("kind", LOSSES)
def test_a_loss_takes_the_targets_of_its_case(kind: str) -> None:
    case, rng = LOSS_CASES[kind], np.random.default_rng(0)
    prediction = rng.uniform(0.1, 0.9, (3, case.width))
    if case.requires in (DISTRIBUTION, LOG_DISTRIBUTION):
        prediction /= prediction.sum(axis=1, keepdims=True)
    if case.requires is LOG_DISTRIBUTION:
        prediction = np.log(prediction)
    loss = make("loss", {"kind": kind, **(case.options or {})}, rng=rng, dtype=np.float64)
    value = loss.forward(
        prediction.reshape(3, *case.shape) if case.shape else prediction, case.targets(rng, (3, case.width))
    )
    assert np.isfinite(value)


@pytest.mark.parametrize("requirement", [PROBABILITIES, DISTRIBUTION, LOG_DISTRIBUTION])
def test_an_adapter_meets_its_own_requirement(requirement: Requirement) -> None:
    assert requirement.adapter["kind"] in requirement.activations
    assert requirement.activations <= set(ACTIVATIONS)
