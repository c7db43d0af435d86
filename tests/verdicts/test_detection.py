"""The corpus: no right gradient is called wrong, no wrong one right, and little is left undecided."""

from __future__ import annotations

import collections
import warnings
from collections.abc import Sequence

import numpy as np
import pytest

import gradcheck
from benchmarks.corpus import problems
from benchmarks.corpus.cases import cases
from benchmarks.corpus.conditions import CONDITIONS, Condition
from benchmarks.corpus.mistakes import MISTAKES
from benchmarks.corpus.problem import Problem, blocks
from gradcheck.checks import lines
from tests.profiles import NIGHTLY

SMALL = 3000

#: All mistakes under every condition in the long profile; else every second one, not the same ones under the next.
ALL = NIGHTLY


@pytest.fixture(autouse=True)
def without_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verdicts alone are asked for: the lines of these mistakes, which are planted from outside, are not looked for."""
    monkeypatch.setattr(lines, "with_lines", lambda *arguments: None)


def entries(problem: Problem) -> int:
    return sum(int(np.size(block)) for block in blocks(problem.x0).values())


def answers(chosen: Sequence[Problem], condition: Condition, seed: int) -> collections.Counter[tuple[str, str]]:
    planted = MISTAKES if ALL else MISTAKES[CONDITIONS.index(condition) % 2 :: 2]
    found: collections.Counter[tuple[str, str]] = collections.Counter()
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for case in cases(seed, chosen, [condition], planted):
            report = gradcheck.check_gradients(case.problem.fun, case.problem.grad, case.problem.x0, rng=seed)
            kind = "right" if case.mistake is None else "wrong"
            found[kind, report.verdict.value] += 1
            if (kind, report.verdict.value) in {("right", "fail"), ("wrong", "pass")}:
                found[case.name, report.verdict.value] += 1
    return found


def test_the_corpus_is_as_large_as_it_claims() -> None:
    assert len(problems()) >= 60
    assert max(map(entries, problems())) == 10**6
    assert min(map(entries, problems())) == 1
    assert len(CONDITIONS) >= 11
    assert len(MISTAKES) == 9


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.name)
def test_no_false_alarm_and_no_mistake_passed(condition: Condition) -> None:
    found = answers([problem for problem in problems() if entries(problem) <= SMALL], condition, seed=0)
    bad = {name: verdict for name, verdict in found if name not in {"right", "wrong"}}
    assert not bad
    assert found["right", "pass"] > 0
    assert found["wrong", "fail"] > 0
    undecided = found["right", "undecided"] + found["wrong", "undecided"]
    limit = 0.08 if condition.name == "solver-noise" else 0.02
    assert undecided <= limit * found.total()


def test_a_million_entries_pass_and_one_wrong_among_them_is_found() -> None:
    big = next(problem for problem in problems() if entries(problem) == 10**6 and not problem.kinks)
    report = gradcheck.check_gradients(big.fun, big.grad, big.x0, rng=0)
    assert report
    assert report.evaluations <= 40
    assert report.gradients == 2

    def wrong(x: np.ndarray) -> np.ndarray:
        g = np.array(big.grad(x))
        g.reshape(-1)[123_456] *= 1.01
        return g

    report = gradcheck.check_gradients(big.fun, wrong, big.x0, rng=0)
    assert report.verdict is gradcheck.Verdict.FAIL
    worst = report.blocks["x"].worst
    assert worst is not None
    assert isinstance(big.x0, np.ndarray)
    assert np.ravel_multi_index(worst.index, np.shape(big.x0)) == 123_456
