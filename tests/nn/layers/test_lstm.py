from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck.nn.layers.lstm import LSTM
from tests.nn.layers.recurrent import SHAPES, assert_agrees, assert_masks_agree, assert_well_behaved
from tests.nn.reference import torch


def theirs(features: int, units: int) -> Any:
    return torch.nn.LSTM(features, units, batch_first=True)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("samples", "time", "features", "units"), SHAPES)
def test_agrees_with_torch(samples: int, time: int, features: int, units: int, last: bool, reverse: bool) -> None:
    assert_agrees(LSTM(features, units, last=last, reverse=reverse), theirs, samples, time)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
def test_masked_steps_keep_the_state(last: bool, reverse: bool) -> None:
    assert_masks_agree(LSTM(2, 3, last=last, reverse=reverse), theirs)


def test_well_behaved() -> None:
    assert_well_behaved(LSTM)


def test_the_forget_gate_starts_open() -> None:
    np.testing.assert_array_equal(LSTM(2, 3).params["b"], [0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0])


def test_is_described_by_its_arguments() -> None:
    spec = {"kind": "LSTM", "features": 2, "units": 3, "last": True, "reverse": False, "scale": "glorot"}
    assert LSTM(2, 3, last=True).spec() == spec
