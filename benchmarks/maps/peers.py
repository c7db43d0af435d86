"""What other checkers say of the same derivatives, right and wrong, side by side.

``python -m benchmarks.maps.peers [--seed S] [--output docs/derivatives-peers.md]``, with the peers that are installed:
numdifftools, torch, jax, pylops, openmdao, and pymanopt with matplotlib and numpy before 2.4.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import importlib.util
import io
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

import gradcheck
from benchmarks.maps import peer_checks as peers
from benchmarks.maps.detection import Case, all_cases
from benchmarks.maps.other_corpora import (
    HessianCase,
    ManifoldCase,
    OperatorCase,
    UnitsCase,
    hessian_cases,
    in_units,
    manifold_cases,
    operator_cases,
)
from benchmarks.output import add_output, write
from gradcheck.verdicts.maps.settings import MAP_VERDICTS

#: Distributions whose versions the page names.
DISTRIBUTIONS = ("numpy", "scipy", "numdifftools", "torch", "jax", "pylops", "pymanopt", "openmdao")


#: A mistake that passes, below the resolution that the report states or in an entry for which it states none.
BELOW = "below the resolution"


@dataclass
class Score:
    """What one checker said: how many right ones it refused, which mistakes it passed."""

    refused: int = 0
    passed: list[str] = field(default_factory=list)
    undecided: int = 0
    failures: list[str] = field(default_factory=list)

    def count(self, planted: str, verdict: str) -> None:
        """Count one answer: ``pass``, ``fail``, ``undecided``, or what kept it from an answer."""
        if verdict == "undecided":
            self.undecided += 1
        elif verdict not in ("pass", "fail", BELOW):
            self.failures.append(verdict)
        elif not planted:
            self.refused += verdict == "fail"
        elif verdict == "pass":
            self.passed.append(planted)
        elif verdict == BELOW:
            self.passed.append(f"{planted} (where the report says that it would not be seen)")


@dataclass(frozen=True)
class Table:
    """One kind of derivative: its cases, and who checks them.

    Attributes
    ----------
    title : str
    cases : list
        Each with the attribute `planted`, which is empty or None if the derivative is right.
    checkers : dict of str to callable
        From a case and a seed to a verdict, or to whether the derivative passes.
    """

    title: str
    cases: list[Any]
    checkers: dict[str, Callable[[Any, int], Any]]


def tables(seed: int) -> list[Table]:
    """All kinds, with the peers that are installed."""
    jacobians = [case for case in all_cases(seed) if case.map.name.endswith("#0")]
    found = [
        Table("Jacobians", jacobians, {"gradcheck": by_gradcheck, **peers.JACOBIANS}),
        Table(
            "Jacobians in other units, each parameter and each output from a thousandth to a thousandfold",
            [in_units(case, seed) for case in jacobians],
            {"gradcheck": by_gradcheck, **peers.JACOBIANS},
        ),
        Table("Adjoints", list(operator_cases()), {"gradcheck": adjoint_by_gradcheck, **peers.ADJOINTS}),
        Table("Hessians", list(hessian_cases()), {"gradcheck": hessian_by_gradcheck, **peers.HESSIANS}),
        Table(
            "Gradients on spheres and of orthonormal matrices",
            list(manifold_cases()),
            {
                "gradcheck": gradient_by_gradcheck,
                "gradcheck, loss_accuracy=0": exact_gradient_by_gradcheck,
                **peers.MANIFOLDS,
            },
        ),
    ]
    return [
        Table(each.title, each.cases, {name: check for name, check in each.checkers.items() if _installed(name)})
        for each in found
    ]


def by_gradcheck(case: Case | UnitsCase, seed: int) -> str:
    """The verdict on a Jacobian; of a mistake that passes also whether the report says that it would not be seen."""
    report = gradcheck.check_jacobian(case.map.fun, case.jac, case.map.x0, rng=seed)
    if not report or case.planted is None:
        return report.verdict.value
    x = case.map.x0
    wrong, right = case.jac(x), replace_planted(case).jac(x)
    size = np.maximum(np.abs(wrong), np.abs(right))
    shown = size >= MAP_VERDICTS.own_part * np.median(size[size > 0])
    error = (np.abs(wrong - right)[shown] / size[shown]).max(initial=0.0)
    (block,) = report.blocks.values()
    return "pass" if block.resolution is None or error > block.resolution else BELOW


def replace_planted(case: Case | UnitsCase) -> Case | UnitsCase:
    """The same map with its right Jacobian."""
    if isinstance(case, UnitsCase):
        return replace(case, case=replace(case.case, planted=None))
    return replace(case, planted=None)


def adjoint_by_gradcheck(case: OperatorCase, seed: int) -> str:
    """The verdict on an adjoint."""
    a = case.operator
    return gradcheck.check_adjoint(a.forward, case.adjoint, a.x_like, a.y_like, rng=seed).verdict.value


def hessian_by_gradcheck(case: HessianCase, seed: int) -> str:
    """The verdict on a Hessian."""
    f = case.function
    return gradcheck.check_hessian(f, f.grad, case.hess, f.x0, rng=seed).verdict.value


def gradient_by_gradcheck(case: ManifoldCase, seed: int, **more: Any) -> str:
    """The verdict on a gradient on a manifold."""
    options: dict[str, Any] = {"retract": case.retract, "project": case.project, "rng": seed, **more}
    return gradcheck.check_gradients(case.fun, case.grad, case.x0, **options).verdict.value


def exact_gradient_by_gradcheck(case: ManifoldCase, seed: int) -> str:
    """The same where it is known that no solver stops early inside the function."""
    return gradient_by_gradcheck(case, seed, loss_accuracy=0)


def _installed(name: str) -> bool:
    """Whether the library that a checker is called after can be imported."""
    return importlib.util.find_spec(re.split(r"\W", name)[0].lower()) is not None


def scores_of(table: Table, seed: int) -> dict[str, Score]:
    """What each checker says of each case."""
    found = {name: Score() for name in table.checkers}
    for case in table.cases:
        planted = case.planted if isinstance(case.planted, str) else getattr(case.planted, "name", "")
        for name, check in table.checkers.items():
            found[name].count(planted, _answer(check, case, seed))
    return found


def _answer(check: Callable[[Any, int], Any], case: Any, seed: int) -> str:
    np.random.seed(seed)  # noqa: NPY002 - peers draw from it
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            answer = check(case, seed)
    except Exception as error:
        return type(error).__name__
    return answer if isinstance(answer, str) else ("pass" if answer else "fail")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    add_output(parser)
    options = parser.parse_args()
    os.environ.setdefault("MPLBACKEND", "agg")
    write(page_of(tables(options.seed), options.seed), options.output)


def page_of(chosen: Iterable[Table], seed: int) -> str:
    """The page."""
    lines = [
        "# Derivatives: other checkers",
        "",
        "The same right derivatives and the same mistakes, shown to gradcheck and to the checkers that people use,",
        "in one run: `python -m benchmarks.maps.peers`. Peers get their own default tolerances. Where a peer only",
        "draws or returns numbers, the rule that its documentation gives is applied: a slope within 0.1 of the right",
        "one for `pymanopt`, an accuracy of 1e-6 for `check_derivative`, and `numpy.allclose` for differences. A",
        "mistake counts if it changes the derivative by more than 0.1 %. Peers that give no error bar cannot be",
        "undecided; gradcheck is where a gap is so small, and so evenly spread, that a solver inside the function",
        "may make it. `loss_accuracy=0` says that there is none.",
        "",
        f"Versions: {', '.join(_versions())}.",
    ]
    for table in chosen:
        right = sum(not case.planted for case in table.cases)
        wrong = len(table.cases) - right
        lines += [
            "",
            f"## {table.title}",
            "",
            f"{right} right ones, {wrong} mistakes.",
            "",
            "| checker | right ones refused | mistakes passed | undecided | could not run |",
            "| --- | ---: | ---: | ---: | ---: |",
        ]
        scores = scores_of(table, seed)
        lines += [
            f"| {name} | {score.refused} | {len(score.passed)} | {score.undecided} | {len(score.failures)} |"
            for name, score in scores.items()
        ]
        passed = {name: sorted(set(score.passed)) for name, score in scores.items() if score.passed}
        if passed:
            lines += ["", "Passed:", ""]
            lines += [f"* {name}: {', '.join(kinds)}" for name, kinds in passed.items()]
    return "\n".join(lines) + "\n"


def _versions() -> list[str]:
    found = []
    for name in DISTRIBUTIONS:
        try:
            found.append(f"{name} {importlib.metadata.version(name).partition('+')[0]}")
        except importlib.metadata.PackageNotFoundError:
            found.append(f"{name} not installed")
    return found


if __name__ == "__main__":
    main()
