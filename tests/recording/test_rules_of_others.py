"""Rules of `autograd` are used where they are right: that of `numpy.linalg.norm` forgets `keepdims`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import gradcheck
from gradcheck.recording import rules
from gradcheck.recording.adjoints import adjoints
from gradcheck.recording.graph import Graph
from gradcheck.recording.rules import NoRule
from tests.recording.test_record import recorded

RNG = np.random.default_rng(7)
POINT = RNG.normal(size=(30, 20))  # more entries than would be measured one by one
WEIGHTS = RNG.normal(size=(30, 1))


def unit_rows(x: Any) -> Any:
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def kept_norms(x: Any) -> Any:
    return np.sum(WEIGHTS * np.linalg.norm(x, axis=1, keepdims=True))


def plain_norms(x: Any) -> Any:
    return np.sum(WEIGHTS[:, 0] * np.linalg.norm(x, axis=1))


def of_norms(x: Any) -> Any:
    return WEIGHTS * x / np.linalg.norm(x, axis=1, keepdims=True)


def whole_norm(x: Any) -> Any:
    return np.linalg.norm(x)


def kept_sums(x: Any) -> Any:
    return np.sum(x.sum(axis=0, keepdims=True) * x.max(axis=0, keepdims=True))


def of_sums(x: Any) -> Any:
    return x.max(axis=0) * np.ones_like(x) + x.sum(axis=0) * (x == x.max(axis=0))


def kinks(x: Any) -> Any:
    return np.sum(np.maximum(x, 0.0) + np.abs(x))


def squared_kinks(x: Any) -> Any:
    return np.sum(np.maximum(x, 0.0) ** 2 + np.abs(x))


LOSSES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "norms that keep their axis": (kept_norms, of_norms),
    "norms that do not": (plain_norms, of_norms),
    "the norm of all": (whole_norm, lambda x: x / np.linalg.norm(x)),
    "sums and maxima that keep their axis": (kept_sums, of_sums),
    "kinks": (kinks, lambda x: (x > 0) + np.sign(x)),
}


@pytest.mark.parametrize("name", LOSSES)
def test_recorded_derivatives_are_those_of_the_formula(name: str) -> None:
    loss, derivative = LOSSES[name]
    np.testing.assert_allclose(recorded(loss, POINT).truths[0], derivative(POINT), rtol=1e-9, atol=1e-12)


def cubes(x: Any) -> Any:
    return np.sum(x * np.square(x))


def test_rules_of_a_recording_are_found_once_for_all_sweeps(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Any] = []
    whole = rules._Rule.pullback

    def counted(rule: Any, args: Any = None) -> Any:
        found.append(args)
        return whole(rule, args)

    monkeypatch.setattr(rules._Rule, "pullback", counted)
    x = np.array([1.0, -2.0, 3.0])
    recording = recorded(cubes, x)
    graph, leaf = recording.graph, recording.parameters[0][0]

    def swept(graph: Graph, seed: float) -> Any:
        last = max(recording.adjoints.of)
        return adjoints(graph, {last: np.asarray(seed)}, set(recording.adjoints.of)).of[leaf]

    np.testing.assert_allclose(swept(graph, 1.0), 3.0 * x**2)
    once = len(found)
    np.testing.assert_allclose(swept(graph, -2.0), -6.0 * x**2)
    assert len(found) == once
    np.testing.assert_allclose(swept(graph.with_values({leaf: 2.0 * x}), 1.0), 12.0 * x**2)  # and not those of x
    assert len(found) > once


def two_branches(x: Any) -> Any:
    return np.sum(np.exp(x[:1])) * np.sum(np.square(x[1:]))


def test_rules_are_kept_where_other_values_change_nothing() -> None:
    recording = recorded(two_branches, np.array([0.5, 1.0, 2.0]))
    graph, of = recording.graph, recording.adjoints.of
    adjoints(graph, {max(of): np.asarray(1.0)}, set(of))
    square = next(value for value in graph.values if value.function is np.square)
    exponential = next(value for value in graph.values if value.function is np.exp)
    other = graph.with_values({square.inputs[0]: np.array([3.0, 4.0])})
    assert graph.pullbacks
    assert other.pullbacks is not None
    kept = {number for number, _ in other.pullbacks}
    assert exponential.id in kept
    assert square.id in {number for number, _ in graph.pullbacks} - kept
    swept = adjoints(other, {max(of): np.asarray(1.0)}, set(of)).of
    np.testing.assert_allclose(swept[square.inputs[0]], np.exp(0.5) * np.array([6.0, 8.0]))
    np.testing.assert_allclose(swept[exponential.inputs[0]], np.exp(0.5) * 25.0)


def log_determinant(x: Any) -> Any:
    covariance = x @ x.T + 30.0 * np.eye(30)
    return np.sum(np.log(np.diagonal(np.linalg.cholesky(covariance)))) + np.sum(np.linalg.eigh(covariance)[0] ** 2)


def test_rules_for_symmetric_matrices_are_used() -> None:
    covariance = POINT @ POINT.T + 30.0 * np.eye(30)
    expected = np.linalg.solve(covariance, POINT) + 4.0 * covariance @ POINT
    np.testing.assert_allclose(recorded(log_determinant, POINT).truths[0], expected, rtol=1e-9)


def placed(x: Any) -> Any:
    return np.sum(PLACES * scipy.linalg.block_diag(x, np.transpose(x)) ** 3)


def rounded(x: Any) -> Any:
    return np.sum(np.fix(x) ** 2)


PLACES = RNG.normal(size=(50, 50))


def test_functions_without_a_rule_that_move_entries_need_none() -> None:
    cubed = PLACES[:30, :20] + PLACES[30:, 20:].T  # d/dx of a x³ + b x³
    np.testing.assert_allclose(recorded(placed, POINT).truths[0], 3.0 * cubed * POINT**2, rtol=1e-12)


def test_functions_that_keep_entries_by_chance_do_not_move_them() -> None:
    with pytest.raises(NoRule):
        recorded(rounded, np.rint(POINT))


def test_kinks_at_the_point_itself_do_not_discredit_a_rule() -> None:
    rules._BELIEVED.clear()
    x = np.zeros((25, 20))
    recorded(squared_kinks, x)
    assert all(rules._BELIEVED.values())


def test_the_wrong_line_beside_a_norm_is_named_and_no_other() -> None:
    targets = unit_rows(RNG.normal(size=(30, 20)))

    def loss(x: Any) -> float:
        return float(-np.sum(unit_rows(x) * targets))

    def gradient(x: Any) -> Any:
        n = np.linalg.norm(x, axis=1, keepdims=True)
        e = x / n
        along = np.sum(targets * e, axis=1, keepdims=True)
        return (e * along - targets) / n**2

    report = gradcheck.check_gradients(loss, gradient, POINT, rng=0)
    assert report.verdict.value == "fail"
    wrong = [line.text for line in report.lines if line.verdict.value == "fail"]
    assert [text.startswith("return") for text in wrong] == [True]


def tanh_at(x: Any) -> Any:
    return recorded(lambda x: np.sum(np.tanh(x)), x)


@pytest.mark.parametrize("first", [19.0, 40.0])
def test_a_saturated_call_does_not_discredit_a_rule(first: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """The derivative of tanh at 19 is 1e-16: no difference shows it, and the rule is asked again elsewhere."""
    monkeypatch.setattr(rules, "_BELIEVED", {})
    for x in (np.full(3, first), np.array([0.5, -1.0, 2.0])):
        recording = tanh_at(x)
        assert not recording.adjoints.measured
        np.testing.assert_allclose(recording.truths[0], 1 / np.cosh(x) ** 2, rtol=1e-12)


def test_a_wrong_rule_is_discredited_where_it_can_be_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "_BELIEVED", {})
    whole = rules._Rule.pullback
    monkeypatch.setattr(
        rules._Rule, "pullback", lambda rule, args=None: lambda u: [2.0 * g for g in whole(rule, args)(u)]
    )
    tanh_at(np.full(3, 40.0))
    assert tanh_at(np.array([0.5, -1.0, 2.0])).adjoints.measured
