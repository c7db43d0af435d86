"""`torch.autograd.gradcheck`, which compares the Jacobian entry by entry."""

from __future__ import annotations

from benchmarks.corpus.cases import Case
from benchmarks.peers.answer import ENTRIES, Answer
from benchmarks.peers.torch_function import gradcheck


def check(case: Case, seed: int) -> Answer:
    """Ask torch, with its default settings."""
    return gradcheck(case.problem, seed) if case.problem.size <= ENTRIES else Answer("not run", note="too large")
