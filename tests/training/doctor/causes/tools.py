"""Measurements of small problems, for the tests of single causes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from gradcheck.nn import Network
from gradcheck.subjects.convert import as_subject
from gradcheck.training.doctor.backward_norms import LayerGradient
from gradcheck.training.doctor.build_run import build_run, rule_from_options
from gradcheck.training.doctor.measurements import Measurements


def measured(
    *target: Any, step: float = 0.1, optimiser: Any = None, steps: int | None = None, **given: Any
) -> Measurements:
    """Measurements of a function or model."""
    run = build_run(as_subject(*target, **given), rule_from_options(step, optimiser), steps)
    return Measurements(run, np.random.default_rng(0))


def parabola(step: float) -> Measurements:
    """Descent on x·x, whose curvature is 2 everywhere."""
    return measured(lambda x: float(x @ x), lambda x: 2 * x, np.ones(3), step=step)


def trained_on(network: Network, x: Any, y: Any, step: float) -> Measurements:
    """Descent on a network."""
    return measured(network, batch=(x, y), step=step)


def with_layer_gradients(*norms: float, stalled: bool = True, effective_step: float | None = 0.1) -> Any:
    """Stand-in for measurements whose layers have gradients of given sizes."""
    gradients = [LayerGradient(f"layers.{i}", rms) for i, rms in enumerate(norms)]
    rule = SimpleNamespace(effective_step=effective_step)
    return SimpleNamespace(run=SimpleNamespace(update_rule=rule), layer_gradients=gradients, stalled=stalled)
