"""Mistakes in Jacobians: which are found, which are passed, and which right ones are refused.

``python -m benchmarks.maps.detection [--seed S] [--output docs/derivatives-figures.md]``
"""

from __future__ import annotations

import argparse
import statistics
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.optimize import approx_fprime, check_grad
from scipy.optimize._numdiff import check_derivative

import gradcheck
from benchmarks.maps.corpus import PLANTED, MapCase, Planted, cases
from benchmarks.output import add_output, write
from gradcheck.reports.report import Report

#: So many mistakes are planted in each map.
EACH = 4

#: A planted mistake counts if it changes an entry by more than this part of it.
VISIBLE = 1e-3

Jacobian = Callable[[Any], Any]


@dataclass(frozen=True)
class Case:
    """A map with a Jacobian, right if nothing is planted."""

    map: MapCase
    planted: Planted | None
    row: int = 0
    column: int = 0

    def jac(self, x: Any) -> Any:
        """The Jacobian that is checked."""
        right = self.map.jac(x)
        if self.planted is None:
            return right
        changed = self.planted.change(right, self.row, self.column)
        return right if changed is None else changed


@dataclass
class Score:
    """What one checker said."""

    refused: int = 0
    undecided: int = 0
    passed: list[str] = field(default_factory=list)
    found: int = 0
    failures: int = 0


def all_cases(seed: int) -> Iterator[Case]:
    """Each map as it is, then with a few mistakes that are large enough to matter."""
    for number, each in enumerate(cases()):
        yield Case(each, None)
        rng = np.random.default_rng([seed, number])
        right = each.jac(each.x0)
        for index in rng.choice(len(PLANTED), EACH, replace=False):
            planted = PLANTED[index]
            places = np.argwhere(np.abs(right) >= 0.01 * np.median(np.abs(right[right != 0])))
            row, column = map(int, places[rng.integers(len(places))])
            wrong = planted.change(right, row, column)
            if wrong is not None and (np.abs(wrong - right) > VISIBLE * np.abs(right).max()).any():
                yield Case(each, planted, row, column)


# -- checkers ----------------------------------------------------------------------------------------------------------


def by_scipy(case: Case, seed: int) -> bool:
    """SciPy's own test of Jacobians: relative errors up to 1e-6 are right, as its documentation says."""
    return bool(check_derivative(case.map.fun, case.jac, case.map.x0) < 1e-6)


def by_comparison(case: Case, seed: int) -> bool:
    """Forward differences and `numpy.allclose`."""
    return bool(np.allclose(case.jac(case.map.x0), approx_fprime(case.map.x0, case.map.fun), rtol=1e-4, atol=1e-6))


def by_the_sum(case: Case, seed: int) -> bool:
    """`scipy.optimize.check_grad` of the sum of the outputs, relative to the norm of its gradient."""

    def total(x: Any) -> float:
        return float(np.sum(case.map.fun(x)))

    def gradient(x: Any) -> Any:
        return case.jac(x).sum(axis=0)

    error = check_grad(total, gradient, case.map.x0)
    return bool(error <= 1e-5 * max(1.0, float(np.linalg.norm(gradient(case.map.x0)))))


def by_numdifftools(case: Case, seed: int) -> bool:
    """`numdifftools.Jacobian` and `numpy.allclose`."""
    import numdifftools

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = numdifftools.Jacobian(case.map.fun)(case.map.x0)
    return bool(np.allclose(case.jac(case.map.x0), found, rtol=1e-5, atol=1e-8))


PEERS: dict[str, Callable[[Case, int], bool]] = {
    "scipy.optimize check_derivative": by_scipy,
    "approx_fprime and allclose": by_comparison,
    "check_grad of the sum": by_the_sum,
    "numdifftools.Jacobian and allclose": by_numdifftools,
}


# -- the page ----------------------------------------------------------------------------------------------------------


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    add_output(parser)
    options = parser.parse_args()
    write(page_of(list(all_cases(options.seed)), options.seed), options.output)


def page_of(chosen: list[Case], seed: int) -> str:
    """The page about some cases."""
    scores = {name: Score() for name in ("gradcheck", *PEERS)}
    named: Counter[tuple[str, bool]] = Counter()
    costs: dict[bool, list[int]] = {True: [], False: []}
    for case in chosen:
        report = gradcheck.check_jacobian(case.map.fun, case.jac, case.map.x0, rng=seed)
        costs[case.planted is None].append(report.evaluations)
        _count(scores["gradcheck"], case, report.verdict.value)
        if case.planted is not None and report.verdict.value == "fail":
            named[case.planted.name, _is_named(case, report)] += 1
        for name, peer in PEERS.items():
            try:
                answer = "pass" if peer(case, seed) else "fail"
            except Exception:
                scores[name].failures += 1
                continue
            _count(scores[name], case, answer)
    return _written(chosen, scores, named, costs)


def _count(score: Score, case: Case, verdict: str) -> None:
    if verdict == "undecided":
        score.undecided += 1
    elif case.planted is None:
        score.refused += verdict == "fail"
    elif verdict == "pass":
        score.passed.append(f"{case.map.name}: {case.planted.name}")
    else:
        score.found += 1


def _is_named(case: Case, report: Report) -> bool:
    """Whether a finding has the name of the mistake; of a single entry, whether it is the one that was found."""
    assert case.planted is not None
    if case.planted.slugs:
        return bool({finding.slug for finding in report.findings} & set(case.planted.slugs))
    entries = [entry.index for block in report.blocks.values() for entry in block.entries if entry.wrong]
    return (case.row, case.column) in entries


def _written(
    chosen: list[Case],
    scores: dict[str, Score],
    named: Counter[tuple[str, bool]],
    costs: dict[bool, list[int]],
) -> str:
    right = sum(case.planted is None for case in chosen)
    wrong = len(chosen) - right
    lines = [
        "# Jacobians: figures",
        "",
        f"{right} maps with exact Jacobians (least squares, systems of equations, right-hand sides of differential",
        f"equations, kinematics, constraints, layers), and {wrong} mistakes planted in them, all in one run:",
        "`python -m benchmarks.maps.detection`. Peers get the tolerances that their documentation suggests.",
        "",
        "| checker | right ones refused | mistakes passed | undecided | could not run |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {name} | {score.refused} of {right} | {len(score.passed)} of {wrong} | {score.undecided} "
        f"| {score.failures} |"
        for name, score in scores.items()
    ]
    lines += [
        "",
        f"gradcheck evaluates a map {statistics.median(costs[True]):g} times if its Jacobian is right (at most "
        f"{max(costs[True])}),",
        f"and {statistics.median(costs[False]):g} times if it is wrong (at most {max(costs[False])}).",
        "",
        "## Names and places",
        "",
        "A name counts if it is that of the mistake; for single entries the entry itself has to be found.",
        "",
        "| mistake | found | named, or located |",
        "| --- | ---: | ---: |",
    ]
    for planted in PLANTED:
        good, bad = named[planted.name, True], named[planted.name, False]
        lines.append(f"| {planted.name} | {good + bad} | {good} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
