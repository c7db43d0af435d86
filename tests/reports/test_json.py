"""The JSON report: documented keys, valid by the published schema, numbers that JSON can hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import jsonschema
import numpy as np
import pytest

import gradcheck
from gradcheck import Report, check_gradients
from gradcheck.reports.json import json_of
from tests.cases import SoftmaxRegression, logcosh, spoil_entry

CASE = SoftmaxRegression()
KEYS = {"version", "target", "verdict", "seed", "evaluations", "seconds", "blocks", "findings"}
BLOCK_KEYS = {"name", "shape", "dtype", "verdict", "relative_error", "error_bar", "resolution", "worst"}
FINDING_KEYS = {"code", "slug", "where", "file", "line", "message", "evidence", "fix"}


def refuse(token: str) -> Any:
    raise AssertionError(f"{token} is no JSON")


def read(report: Report) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json_of(report), parse_constant=refuse)
    return found


def check(claim: Any, method: Literal["gradcheck", "textbook"] = "gradcheck") -> Report:
    return check_gradients(CASE.loss, claim, CASE.start, rng=3, method=method)


NOISE = np.random.default_rng(0)
REPORTS: dict[str, Report] = {
    "pass": check(CASE.gradient),
    "fail": check(CASE.spoiled("W", lambda g: 2 * g)),
    "one entry": check(CASE.spoiled("W", spoil_entry((1, 2), 1.5))),
    "NaN": check(CASE.spoiled("W", lambda g: np.nan * g)),
    "infinite": check(CASE.spoiled("W", lambda g: np.inf * g)),
    "undecided": check_gradients(lambda x: logcosh(x) + NOISE.normal(), np.tanh, np.ones(3), rng=3),
    "textbook": check(CASE.gradient, "textbook"),
    "textbook NaN": check(CASE.spoiled("W", lambda g: np.nan * g), "textbook"),
    "number": check_gradients(lambda x: x**2, lambda x: 2 * x, 3.0, rng=3),
    "zero": check_gradients(lambda x: 1.0, np.zeros_like, np.ones(3), rng=3),
}
each = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS.keys())


@each
def test_documented_keys_are_there(report: Report) -> None:
    found = read(report)
    assert set(found) >= KEYS
    assert all(set(block) >= BLOCK_KEYS for block in found["blocks"])
    assert all(set(finding) >= FINDING_KEYS for finding in found["findings"])


@each
def test_published_schema_describes_it(report: Report) -> None:
    schema = json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(read(report))
    assert not validator.is_valid({**read(report), "verdict": "maybe"})
    assert not validator.is_valid({key: value for key, value in read(report).items() if key != "seed"})


@each
def test_values_are_those_of_the_report(report: Report) -> None:
    found = read(report)
    assert found["version"] == gradcheck.__version__
    assert found["target"] == report.target
    assert found["verdict"] == report.verdict.value
    assert found["seed"] == 3
    assert found["evaluations"] == report.evaluations
    assert found["seconds"] == report.seconds
    assert [block["name"] for block in found["blocks"]] == list(report.blocks)
    for block in found["blocks"]:
        ours = report.blocks[block["name"]]
        assert tuple(block["shape"]) == ours.shape
        for key in ("relative_error", "error_bar", "resolution"):
            value = getattr(ours, key)
            assert block[key] is None if value is None else str(float(block[key])) == str(value)


def test_the_kind_of_derivative_is_told() -> None:
    point = np.array([0.5, -1.0])
    assert read(REPORTS["pass"])["kind"] == "gradient"
    assert read(gradcheck.check_jacobian(np.sin, lambda x: np.diag(np.cos(x)), point, rng=3))["kind"] == "jacobian"
    assert read(gradcheck.check_vjp(np.sin, lambda x, u: u * np.cos(x), point, rng=3))["kind"] == "product"
    operator = gradcheck.check_adjoint(lambda x: 3 * x, lambda y: 3 * y, (2,), (2,), rng=3)
    assert read(operator)["kind"] == "adjoint"


def test_worst_entry_has_its_index_and_both_values() -> None:
    worst = read(REPORTS["one entry"])["blocks"][0]["worst"]
    truth = float(CASE.gradient(CASE.start)["W"][1, 2])
    assert worst["index"] == [1, 2]
    assert worst["claimed"] == pytest.approx(1.5 * truth, rel=1e-12)
    assert worst["numeric"] == pytest.approx(truth, rel=1e-4)
    assert read(REPORTS["pass"])["blocks"][0]["worst"] is None


def test_numbers_that_are_not_finite_are_strings() -> None:
    assert read(REPORTS["NaN"])["blocks"][0]["relative_error"] == "NaN"
    assert read(REPORTS["textbook"])["blocks"][0]["error_bar"] == "NaN"


def test_numpy_numbers_do_not_spoil_it() -> None:
    report = check_gradients(
        lambda x: np.float64(logcosh(x)),
        np.tanh,
        np.linspace(0, 1, 3),
        rtol=np.float64(1e-4),
        rng=np.int64(3),  # type: ignore[arg-type]
    )
    assert read(report)["rtol"] == 1e-4


def test_round_trip_is_stable() -> None:
    text = json_of(REPORTS["fail"])
    assert json.dumps(json.loads(text), indent=2, ensure_ascii=False) == text
