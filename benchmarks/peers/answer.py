"""What a peer says, and helpers that several peers need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.corpus.problem import Problem, Vector, blocks, like

ENTRIES = 2000
"""Peers that difference every entry are not run above this size."""


@dataclass(frozen=True)
class Answer:
    """The answer of a peer.

    Attributes
    ----------
    verdict : str
        "pass", "fail", "undecided", "not run" or "error".
    evaluations : int or None
        How often it evaluated the loss; None where that cannot be counted.
    note : str
        Why it was not run, or the error.
    """

    verdict: str
    evaluations: int | None = None
    note: str = ""


class Counter:
    """A loss that counts how often it is evaluated."""

    def __init__(self, fun: Callable[[Any], float]) -> None:
        self.fun = fun
        self.count = 0

    def __call__(self, x: Any) -> float:
        self.count += 1
        return float(self.fun(x))

    def answer(self, passed: bool) -> Answer:
        """Return the answer pass or fail, with the evaluations so far."""
        return Answer("pass" if passed else "fail", self.count)


def flat(x: Any) -> Vector:
    """Return all entries of all blocks as one vector."""
    return np.concatenate([np.asarray(block, dtype=np.float64).reshape(-1) for block in blocks(x).values()])


def shaped(problem: Problem, vector: Vector) -> Any:
    """Undo `flat` for the parameters of `problem`."""
    result, start = {}, 0
    for key, block in blocks(problem.x0).items():
        result[key] = np.asarray(vector[start : start + block.size]).reshape(block.shape)
        start += block.size
    return like(problem.x0, result)
