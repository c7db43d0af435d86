"""The published schema is that of the code, and reports keep to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import gradcheck
from gradcheck.reports.json import json_of
from gradcheck.reports.schema import schema

PUBLISHED = Path(__file__).parents[2] / "docs" / "report.schema.json"


def loss(x: np.ndarray) -> float:
    return float(np.sum(np.sin(x)))


def test_the_published_schema_is_up_to_date() -> None:
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == schema()


@pytest.mark.parametrize(
    "grad",
    [np.cos, lambda x: 2 * np.cos(x), lambda x: np.cos(x) * np.where(x > 1, np.nan, 1.0)],
    ids=["right", "wrong", "not finite"],
)
@pytest.mark.parametrize("method", ["gradcheck", "textbook"])
def test_reports_keep_to_the_schema(grad: Callable[[np.ndarray], np.ndarray], method: str) -> None:
    x = np.linspace(0.1, 1.5, 5)
    report = gradcheck.check_gradients(loss, grad, x, rng=0, method=method)  # type: ignore[arg-type]
    plain = json.loads(json_of(report))
    jsonschema.validate(plain, schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**plain, "verdict": "maybe"}, schema())
