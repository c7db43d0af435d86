from __future__ import annotations

from typing import Any

import pytest

from gradcheck.nn.layers.gru import GRU
from tests.nn.layers.recurrent import SHAPES, assert_agrees, assert_masks_agree, assert_well_behaved
from tests.nn.reference import torch


def theirs(features: int, units: int) -> Any:
    return torch.nn.GRU(features, units, batch_first=True)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("samples", "time", "features", "units"), SHAPES)
def test_agrees_with_torch(samples: int, time: int, features: int, units: int, last: bool, reverse: bool) -> None:
    assert_agrees(GRU(features, units, last=last, reverse=reverse), theirs, samples, time)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
def test_masked_steps_keep_the_state(last: bool, reverse: bool) -> None:
    assert_masks_agree(GRU(2, 3, last=last, reverse=reverse), theirs)


def test_well_behaved() -> None:
    assert_well_behaved(GRU)


def test_is_described_by_its_arguments() -> None:
    spec = {"kind": "GRU", "features": 2, "units": 3, "last": False, "reverse": True, "scale": 0.1}
    assert GRU(2, 3, reverse=True, scale=0.1).spec() == spec
