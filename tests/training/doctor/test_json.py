"""The report as JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest

import gradcheck
from gradcheck.training.doctor.json import json_of

KEYS = [
    "version",
    "target",
    "verdict",
    "regimen",
    "step",
    "planned",
    "walked",
    "began",
    "ended",
    "findings",
    "trials",
    "notes",
    "seed",
    "evaluations",
    "gradients",
    "seconds",
    "gradient",
]


def test_keys_and_their_order_are_a_contract_and_no_number_is_infinite() -> None:
    report = gradcheck.doctor(lambda x: float(x @ x), lambda x: 2 * x, np.ones(3), step=1.1, rng=0, budget=2000)
    plain = json.loads(json_of(report), parse_constant=lambda name: pytest.fail(name))
    assert list(plain) == KEYS
    assert plain["ended"] == "Infinity"
    assert plain["trials"][-1]["median"] == "Infinity"
    assert [finding["slug"] for finding in plain["findings"]] == ["step-too-large"]
    assert (plain["regimen"], plain["step"]) == ("gradient descent, step 1.1", 1.1)
