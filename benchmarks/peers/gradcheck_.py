"""`gradcheck.check_gradients`."""

from __future__ import annotations

from benchmarks.corpus.cases import Case
from benchmarks.peers.answer import Answer


def check(case: Case, seed: int) -> Answer:
    """Ask gradcheck, with its default settings."""
    from gradcheck import check_gradients

    problem = case.problem
    report = check_gradients(problem.fun, problem.grad, problem.x0, rng=seed)
    return Answer(report.verdict.value, report.evaluations)
