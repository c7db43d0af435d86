"""`torch.autograd.gradcheck(fast_mode=True)`, which compares along one random direction."""

from __future__ import annotations

from benchmarks.corpus.cases import Case
from benchmarks.peers.answer import Answer
from benchmarks.peers.torch_function import gradcheck


def check(case: Case, seed: int) -> Answer:
    """Ask torch in fast mode, else with its default settings."""
    return gradcheck(case.problem, seed, fast_mode=True)
