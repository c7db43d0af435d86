"""The rule of many courses: central differences with h = 1e-5, relative errors below 1e-7."""

from __future__ import annotations

import numpy as np

from benchmarks.corpus.cases import Case
from benchmarks.peers.answer import ENTRIES, Answer, Counter, flat, shaped

STEP, TOLERANCE = 1e-5, 1e-7


def check(case: Case, seed: int) -> Answer:
    """Compare ``|a - n| / max(|a|, |n|)`` of every entry with 1e-7."""
    problem, counter = case.problem, Counter(case.problem.fun)
    if problem.size > ENTRIES:
        return Answer("not run", note="too large")
    x, analytic = flat(problem.x0), flat(problem.grad(problem.x0))
    numeric = np.empty_like(x)
    for i in range(x.size):
        step = np.zeros_like(x)
        step[i] = STEP
        numeric[i] = (counter(shaped(problem, x + step)) - counter(shaped(problem, x - step))) / (2 * STEP)
    larger = np.maximum(np.abs(analytic), np.abs(numeric))
    return counter.answer(bool(np.all((larger == 0) | (np.abs(analytic - numeric) < TOLERANCE * larger))))
