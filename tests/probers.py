"""Evaluators and probers at the point of a small problem, for tests of what is measured around one point."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.probes.evaluator import Evaluator
from gradcheck.probes.prober import Prober
from gradcheck.probes.user_point import evaluate_user_point
from gradcheck.subjects.convert import as_subject
from tests.cases import Array

#: The default of `check_gradients`.
RTOL = 5e-5

X: Array = np.array([0.7, -1.3, 0.4, 2.1, -0.6])

#: Points of two blocks.
AB: dict[str, Array] = {"a": X, "b": np.array([1.1, -0.8, 0.5])}


def evaluator_of(fun: Callable[..., Any], grad: Callable[..., Any], x0: Any, *, budget: int = 2000) -> Evaluator:
    """An evaluator of a function with its claimed gradient."""
    return Evaluator(as_subject(fun, grad, x0), budget)


def prober_of(
    fun: Callable[..., Any],
    grad: Callable[..., Any],
    x0: Any,
    *,
    budget: int = 2000,
    seed: int = 0,
    measured: bool = True,
) -> Prober:
    """A prober at the point x0, with the noise measured there unless that is not wanted."""
    evaluator = evaluator_of(fun, grad, x0, budget=budget)
    prober = evaluate_user_point(evaluator, RTOL, np.random.default_rng(seed)).prober
    return prober.with_measured_noise() if measured else prober


def shake(x: Array) -> float:
    """A number between -1 and 1 that looks random, the same at each call with the same array."""
    return zlib.crc32(x.tobytes()) / 2**31 - 1


def by_block(function: Callable[[Array], Any]) -> Callable[[dict[str, Array]], dict[str, Any]]:
    """The function of a dict that applies a function to each block."""
    return lambda p: {name: function(x) for name, x in p.items()}


def total(function: Callable[[Array], float]) -> Callable[[dict[str, Array]], float]:
    """The function of a dict that sums a function over all blocks."""
    return lambda p: float(sum(function(x) for x in p.values()))
