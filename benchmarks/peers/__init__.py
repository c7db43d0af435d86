"""Checkers of gradients, each with its own default settings, behind one function `check(case, seed)`."""

from __future__ import annotations

from importlib import import_module

from benchmarks.corpus.cases import Case
from benchmarks.peers.answer import Answer

PEERS: dict[str, str] = {
    "gradcheck": "gradcheck_",
    "torch": "torch_slow",
    "torch-fast": "torch_fast",
    "jax": "jax_",
    "autograd": "autograd_",
    "scipy": "scipy_",
    "1e-7-rule": "rule",
}
"""The module of every peer by its name in the reports. None is imported before it is asked."""


def check(peer: str, case: Case, seed: int = 0) -> Answer:
    """Ask one peer about one case.

    A peer that is not installed is "not run"; one that crashes, rather than saying that the gradients differ,
    is an "error".
    """
    try:
        answer: Answer = import_module(f"benchmarks.peers.{PEERS[peer]}").check(case, seed)
    except ImportError as error:
        return Answer("not run", note=f"{error}")
    except Exception as error:  # a crash of any kind is a result here
        return Answer("error", note=f"{type(error).__name__}: {error}".splitlines()[0][:200])
    return answer
