"""Build a training run from a subject and the caller's options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.subjects.function import FunctionSubject
from gradcheck.subjects.model import ModelSubject
from gradcheck.subjects.subject import Subject
from gradcheck.training.doctor.backward_norms import network_layer_gradients
from gradcheck.training.doctor.causes.biased_average import biased_average_findings
from gradcheck.training.doctor.hidden_units import hidden_layers_from_gradients, network_hidden_layers
from gradcheck.training.doctor.parameter_layout import ParameterLayout
from gradcheck.training.doctor.run import DEFAULT_STEP_BUDGET, TrainingRun
from gradcheck.training.doctor.running_averages import optimiser_averages
from gradcheck.training.doctor.update_rule import UpdateRule, optimiser_rule
from gradcheck.training.doctor.weight_blocks import weight_blocks

Array = NDArray[np.float64]


def rule_from_options(step: float | None, optimiser: Any) -> UpdateRule:
    """The update rule that the caller specifies.

    Raises
    ------
    SubjectError, SubjectTypeError
        If the step is not a positive number, or the optimiser has no `step`.
    """
    if optimiser is not None:
        if not callable(getattr(optimiser, "step", None)):
            raise SubjectTypeError(
                f"optimiser is a {type(optimiser).__qualname__}: pass an object with step(params, grads), such as "
                "gradcheck.nn.Adam(0.01), or leave it out for plain gradient descent"
            )
        return optimiser_rule(optimiser, step)
    if isinstance(step, bool) or not isinstance(step, (int, float, np.floating, np.integer)):
        raise SubjectTypeError(f"step is {step!r}: pass the step size of gradient descent, for example 0.03")
    if not (np.isfinite(step) and step > 0):
        raise SubjectError(f"step is {step}: a step size is a positive number, for example 0.03")
    return UpdateRule("gradient descent", float(step), float(step))


def valid_step_budget(steps: int | None) -> int:
    """The number of steps that the training takes, or the default.

    Raises
    ------
    SubjectError
        If it is not a positive integer.
    """
    if steps is None:
        return DEFAULT_STEP_BUDGET
    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)) or steps < 1:
        raise SubjectError(f"steps is {steps!r}: pass the number of steps that the training takes, for example 10000")
    return int(steps)


def build_run(subject: Subject, update_rule: UpdateRule, steps: int | None) -> TrainingRun:
    """The training run of a subject, without evaluating it.

    Parameters
    ----------
    subject : Subject
    update_rule : UpdateRule
    steps : int, optional
        Step budget that the caller specified.
    """
    batch = subject.batch if isinstance(subject, (ModelSubject, FunctionSubject)) else ()
    inputs = _inputs(subject, batch)
    network = getattr(subject, "network", None)
    width = None if inputs is None else inputs.shape[1]
    weights = weight_blocks(subject.blocks, rows=True if network is not None else None, width=width)
    averages = () if update_rule.optimiser is None else optimiser_averages(update_rule.optimiser)
    layout = ParameterLayout(subject.blocks)
    later = [(w.block, w.rows) for w in weights[1:] if len(subject.blocks[w.block].shape) == 2]

    def hidden_layers_of_model(theta: Array) -> Any:
        return hidden_layers_from_gradients(subject, layout.point(theta), later)

    def hidden_layers_of_network(theta: Array) -> Any:
        return network_hidden_layers(subject, layout.point(theta))

    def layer_gradients_of_network(theta: Array) -> Any:
        return network_layer_gradients(subject, layout.point(theta))

    return TrainingRun(
        subject,
        update_rule,
        step_budget=valid_step_budget(steps),
        budget_specified=steps is not None,
        weights=weights,
        inputs=inputs,
        hidden_layers=hidden_layers_of_model if network is None else hidden_layers_of_network,
        layer_gradients=None if network is None else layer_gradients_of_network,
        value_and_gradient=None if network is None else _network_value_and_gradient(network, subject, layout),
        update_findings=tuple(biased_average_findings([averages])),
    )


def _network_value_and_gradient(
    network: Any, subject: Any, layout: ParameterLayout
) -> Callable[[Array], tuple[float, Array]] | None:
    """Loss and gradient of a network in one pass; None unless all parameters are float64."""
    params = dict(network.params)
    if tuple(params) != tuple(block.name for block in layout.blocks):
        return None
    if any(array.dtype != np.float64 for array in params.values()):
        return None
    parts = list(zip(params.values(), layout.slices, strict=True))

    def value_and_gradient(theta: Array) -> tuple[float, Array]:
        for array, where in parts:
            array[...] = theta[where].reshape(array.shape)
        value, gradients = network.loss(*subject.batch)
        return value, np.concatenate([gradients[name].ravel() for name in params])

    return value_and_gradient


def _inputs(subject: Subject, batch: Any) -> Array | None:
    """The first array of the batch, one row per sample, if it holds numbers that are not indices."""
    if not batch or subject.samples < 2:
        return None
    try:
        first = np.asarray(batch[0])
    except ValueError:  # rows of different lengths
        return None
    network = getattr(subject, "network", None)
    indices = network is not None and any(layer.takes_indices for layer in network.layers)
    if indices or first.dtype.kind not in "fiu" or first.ndim < 2 or first.shape[0] != subject.samples:
        return None
    first = first.astype(np.float64)
    return first if first.ndim == 2 else first.reshape(-1, 1)
