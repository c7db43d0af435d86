"""Random inputs: no error of gradcheck's own, and no promise that is broken."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from benchmarks.random_inputs.__main__ import BROKEN, Outcome, is_same, outcome, page
from benchmarks.random_inputs.cases import CHECKS, case
from benchmarks.random_inputs.functions import FORMS, MISTAKES, PARTS, drawn_map, like, numbers


def test_random_inputs_break_no_promise() -> None:
    found = [outcome(number) for number in range(200)]
    assert not [each for each in found if each.outcome in BROKEN]
    counts = Counter(each.outcome for each in found)
    assert min(counts[kind] for kind in ("pass", "fail", "undecided", "refused")) > 10
    assert {each.check for each in found} == set(CHECKS)


def test_an_input_is_drawn_from_its_number_alone() -> None:
    assert outcome(7) == outcome(7)
    assert is_same(case(11).x, case(11).x)


def test_what_differs_is_told() -> None:
    x = {"a": np.array([1.0, np.nan]), "b": [1.0, (np.nan, "text")], "c": None}
    assert is_same(x, {"a": np.array([1.0, np.nan]), "b": [1.0, (np.nan, "text")], "c": None})
    for other in ({**x, "a": np.array([1.0, 2.0])}, {**x, "b": [1.0, (2.0, "text")]}, {**x, "b": [1.0, (np.nan, "s")]}):
        assert not is_same(x, other)
    assert not is_same(x, {**x, "c": 1})
    assert not is_same("one state", "another")


@pytest.mark.parametrize("name", PARTS)
def test_derivatives_are_exact(name: str) -> None:
    value, slope, _ = PARTS[name]
    z = np.array([0.3])
    h = 1e-12 if name == "fast" else 1e-6
    constant = {"offset", "rounded", "single"}
    if name not in constant:
        measured = (value(z + h) - value(z - h)) / (2 * h)
        assert slope(z) == pytest.approx(measured, rel=1e-3)


def test_numbers_go_back_to_where_they_were() -> None:
    x: Any = {"a": np.array([1.0, 2.0]), "n": 3, "c": [np.array([[1 + 2j]]), (4.0, [5.0, 6.0])]}
    v = numbers(x)
    assert v.tolist() == [1, 2, 1, 2, 4, 5, 6]
    back = like(x, 2 * v)
    assert back["a"].tolist() == [2, 4]
    assert back["n"] is None
    assert back["c"][0].tolist() == [[2 + 4j]]
    assert float(back["c"][1][0]) == 8
    assert back["c"][1][1] == [10, 12]


def test_mistakes_change_a_claim_and_forms_take_it() -> None:
    rng = np.random.default_rng(0)
    claim = np.linspace(1, 2, 20)
    for mistake in MISTAKES.values():
        assert not np.array_equal(mistake(rng, claim), claim)
    for form in FORMS.values():
        form(rng, {"a": claim})


def test_a_map_is_the_sum_of_its_parts() -> None:
    function = drawn_map(np.random.default_rng(0), 3, 2, True)
    v = np.array([0.1, 0.2, 0.3])
    h = 1e-6
    columns = [(function(v + h * e) - function(v - h * e)) / (2 * h) for e in np.eye(3)]
    assert function.jacobian(v) == pytest.approx(np.transpose(columns), rel=1e-5, abs=1e-8)


def test_the_page_counts_what_is_broken() -> None:
    some = [Outcome(0, "vjp", "pass"), Outcome(1, "vjp", BROKEN[0], "x"), Outcome(2, "gradients", "refused")]
    text = page(some)
    assert "| vjp | 2 | 1 | 0 | 0 | 0 | 0 | 1 |" in text
    assert "| **all** | 3 | 1 | 0 | 0 | 1 | 0 | 1 |" in text
    assert f"* {BROKEN[0]}: 1" in text
