"""The benchmark of strangers' derivatives: mistakes have the size that it says, and its table counts correctly."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.strangers.__main__ import main
from benchmarks.strangers.derivative import Arrays, Derivative, NotApplicable, Source
from benchmarks.strangers.judging import Record, disagreement, hidden_by_rounding, judge
from benchmarks.strangers.mistakes import BY_BLOCK, DETACHED, RESOLUTION, at_resolution, plant, size_of
from benchmarks.strangers.sources import SOURCES
from benchmarks.strangers.summary import failures, markdown
from benchmarks.strangers.tasks import tasks


def quadratic(_name: str, rng: np.random.Generator) -> Derivative:
    """½ Σ a² + Σ b·a², with a gradient that may forget the second term."""
    b = rng.uniform(0.5, 2, (3, 3))
    x0 = {"a": rng.standard_normal((3, 3)), "c": rng.standard_normal(4)}

    def fun(x: Arrays) -> float:
        return float(0.5 * np.sum(x["a"] ** 2) + np.sum(b * x["a"] ** 2) + np.sum(np.sin(x["c"])))

    def grad(x: Arrays) -> Arrays:
        return {"a": x["a"] + 2 * b * x["a"], "c": np.cos(x["c"])}

    return Derivative(fun, grad, x0, (lambda x: {"a": x["a"], "c": np.cos(x["c"])},))


QUADRATIC = Source("quadratic", "tests", (), 2, lambda: ("one",), quadratic)


def test_the_size_of_a_mistake_is_relative_to_its_entry() -> None:
    right = np.array([1.0, -2.0, 4.0, 1e-9])
    assert size_of(right, right) == 0
    assert size_of(right, right * [1, 1.25, 1, 1]) == pytest.approx(0.25)
    assert size_of(right, right + np.array([0, 0, 0, 0.015])) == pytest.approx(1.0)  # a hundredth of the median, 1.5


@pytest.mark.parametrize("kind", [*BY_BLOCK, DETACHED])
def test_a_planted_mistake_changes_the_gradient_by_its_size(kind: str) -> None:
    derivative = quadratic("", np.random.default_rng(1))
    right = derivative.grad(derivative.x0)
    planted = next(
        one
        for seed in range(20)
        if (one := plant(np.random.default_rng(seed), derivative, right, kind)) and "a" in one.sizes
    )
    claimed = planted.grad(derivative.x0)
    assert set(planted.sizes) == {"a"}
    assert size_of(right["a"], claimed["a"]) == pytest.approx(planted.sizes["a"])
    np.testing.assert_array_equal(claimed["c"], right["c"])


def test_a_mistake_at_the_resolution_is_twice_as_large_in_one_entry() -> None:
    derivative = quadratic("", np.random.default_rng(2))
    right = derivative.grad(derivative.x0)
    planted = at_resolution(np.random.default_rng(0), derivative, right, {"a": 1e-3, "c": None})
    assert planted is not None
    gap = planted.grad(derivative.x0)["a"] - right["a"]
    assert np.count_nonzero(gap) == 1
    assert planted.sizes == {"a": pytest.approx(2e-3)}


def test_a_right_gradient_and_its_mistakes_are_judged() -> None:
    records = list(judge(QUADRATIC, "one", 0, 0, mistakes=20))
    assert [one.kind for one in records[:1]] == [""]
    assert {one.kind for one in records[1:]} == {*BY_BLOCK, DETACHED, RESOLUTION}
    assert records[0].verdict == "pass"
    assert {one.verdict for one in records[1:]} == {"fail"}
    again = list(judge(QUADRATIC, "one", 0, 0, mistakes=0, only="sign"))
    assert again == [one for one in records if one.kind == "sign"]


def test_two_modes_that_differ_put_the_library_at_fault() -> None:
    derivative = quadratic("", np.random.default_rng(3))
    rng = np.random.default_rng(0)

    def forward(x: Arrays, v: Arrays) -> float:
        return sum(float(np.sum(g * v[key])) for key, g in derivative.grad(x).items())

    def wrong(x: Arrays) -> Arrays:
        return {key: 1.001 * g for key, g in derivative.grad(x).items()}

    def judged(grad: object) -> str:
        return disagreement(Derivative(derivative.fun, grad, derivative.x0, (), forward), ["a"], rng)  # type: ignore[arg-type]

    assert judged(derivative.grad) == ""
    assert judged(wrong).startswith("a: reverse mode gives")
    assert disagreement(derivative, ["a"], rng) == ""


@pytest.mark.parametrize(("offset", "hidden"), [(0.0, ()), (1e3, ()), (1e8, ("c",)), (1e12, ("a", "c"))])
def test_a_block_is_hidden_where_the_rounding_of_the_loss_is_larger(offset: float, hidden: tuple[str, ...]) -> None:
    derivative = quadratic("", np.random.default_rng(4))
    scale = {"a": 1.0, "c": 1e-3}

    def fun(x: Arrays) -> float:
        return offset + derivative.fun({key: value * scale[key] for key, value in x.items()})

    def grad(x: Arrays) -> Arrays:
        inner = derivative.grad({key: value * scale[key] for key, value in x.items()})
        return {key: g * scale[key] for key, g in inner.items()}

    shifted = Derivative(fun, grad, derivative.x0)
    assert hidden_by_rounding(shifted, grad(derivative.x0), np.random.default_rng(0)) == hidden


def record(case: str, verdict: str, kind: str = "", **more: object) -> Record:
    return Record(case, "source", "family", kind, "", verdict, **more)  # type: ignore[arg-type]


def test_the_table_counts() -> None:
    records = [
        record("a", "pass"),
        record("b", "fail", accused=("x",)),
        record("c", "fail", fault="the library is wrong"),
        record("d", "undecided", blocks={"x": {"verdict": "undecided", "note": "too noisy. Do this."}}),
        record("e", "pass", "sign", above={"x": 3.0}),
        record("f", "pass", "sign"),
        record("g", "fail", "zero"),
        record("h", "crash", "zero", error="Traceback\nValueError: no"),
    ]
    text = markdown(records, [("family", "other", "absent")], "command")
    assert "| family | source | 3 | 1 | 1 | 0 | 1 | 1 of 1 | 4 | 1 | 0 | 1 | 1 | 0 | 1 |" in text
    assert "skipped: absent is not installed" in text
    assert "| too noisy | 1 | 0 |" in text
    listed = failures(records)
    for said in ("false alarm: `b`", "library's fault, fail: `c`", "above the resolution: `e`", "crash: `h`"):
        assert said in listed


def test_a_missing_package_is_said() -> None:
    absent = Source("absent", "tests", ("math", "no_such_package_here"), 1, tuple, quadratic)
    assert absent.missing() == "no_such_package_here"
    assert QUADRATIC.missing() == ""


def test_every_keeps_a_part_and_match_some_functions() -> None:
    assert len(list(tasks(["scipy-special"], 0, 10, 1))) == -(-SOURCES["scipy-special"].size // 10)
    assert {task.name for task in tasks(["scipy-special"], 0, 1, 1, "^gamma$")} == {"gamma"}


def test_a_sample_of_special_functions_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "records.jsonl"
    options = ["--sources", "scipy-special", "--every", "40", "--mistakes", "1", "--records", str(file)]
    assert main(options) == 0
    page = capsys.readouterr().out
    records = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert {one["verdict"] for one in records if not one["kind"]} == {"pass"}
    assert {one["verdict"] for one in records if one["kind"]} == {"fail"}
    assert main(["--read", str(file), "--sources", "scipy-special", "--every", "40", "--mistakes", "1"]) == 0
    assert capsys.readouterr().out == page
    assert main(["--case", records[1]["case"]]) == 0
    assert "the library's gradient is" in capsys.readouterr().out


def test_nothing_to_check_is_no_case() -> None:
    def nothing(_name: str, _rng: np.random.Generator) -> Derivative:
        raise NotApplicable("nothing")

    assert list(judge(Source("none", "tests", (), 1, tuple, nothing), "one", 0, 0, 1)) == []
