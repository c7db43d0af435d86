"""From a subject to a patient: where its weights, its inputs and its hidden units are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.subjects.function import FunctionSubject
from gradcheck.subjects.model import ModelSubject
from gradcheck.subjects.subject import Subject
from gradcheck.training.doctor import averages, backward_norms, units
from gradcheck.training.doctor.blocks import weights_of
from gradcheck.training.doctor.causes import biased_average
from gradcheck.training.doctor.flat import Space
from gradcheck.training.doctor.run import PLANNED, Patient
from gradcheck.training.doctor.update_rule import Regimen, of_optimiser

Array = NDArray[np.float64]


def regimen_of(step: float | None, optimiser: Any) -> Regimen:
    """How the caller says that the parameters are changed.

    Raises
    ------
    SubjectError, SubjectTypeError
        If the step is no positive number, or the optimiser has no `step`.
    """
    if optimiser is not None:
        if not callable(getattr(optimiser, "step", None)):
            raise SubjectTypeError(
                f"optimiser is a {type(optimiser).__qualname__}: pass an object with step(params, grads), such as "
                "gradcheck.nn.Adam(0.01), or leave it out for plain gradient descent"
            )
        return of_optimiser(optimiser, step)
    if isinstance(step, bool) or not isinstance(step, (int, float, np.floating, np.integer)):
        raise SubjectTypeError(f"step is {step!r}: pass the step size of gradient descent, for example 0.03")
    if not (np.isfinite(step) and step > 0):
        raise SubjectError(f"step is {step}: a step size is a positive number, for example 0.03")
    return Regimen("gradient descent", float(step), float(step))


def planned_of(steps: int | None) -> int:
    """How many steps the training takes."""
    if steps is None:
        return PLANNED
    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)) or steps < 1:
        raise SubjectError(f"steps is {steps!r}: pass the number of steps that the training takes, for example 10000")
    return int(steps)


def patient_of(subject: Subject, regimen: Regimen, steps: int | None) -> Patient:
    """Read what can be known of a subject without running it."""
    batch = subject.batch if isinstance(subject, (ModelSubject, FunctionSubject)) else ()
    inputs = _inputs(subject, batch)
    network = getattr(subject, "network", None)
    width = None if inputs is None else inputs.shape[1]
    weights = weights_of(subject.blocks, rows=True if network is not None else None, width=width)
    kept = () if regimen.optimiser is None else averages.of_optimiser(regimen.optimiser)
    patient = Patient(
        subject,
        regimen,
        planned_of(steps),
        said=steps is not None,
        weights=weights,
        inputs=inputs,
        suspicions=tuple(biased_average.findings([kept])),
    )
    space = patient.space
    if network is not None:
        patient.observe = lambda theta: units.of_network(subject, space.point(theta))
        patient.both = _both(network, subject, space)
        patient.signals = lambda theta: backward_norms.of_network(subject, space.point(theta))
    else:
        later = [(w.block, w.rows) for w in weights[1:] if len(subject.blocks[w.block].shape) == 2]
        patient.observe = lambda theta: units.of_samples(subject, space.point(theta), later)
    return patient


def _both(network: Any, subject: Any, space: Space) -> Callable[[Array], tuple[float, Array]] | None:
    """Loss and gradient of a network in one pass; None where it does not compute in float64."""
    params = dict(network.params)
    if tuple(params) != tuple(block.name for block in space.blocks):
        return None
    if any(array.dtype != np.float64 for array in params.values()):
        return None
    parts = list(zip(params.values(), space.slices, strict=True))

    def both(theta: Array) -> tuple[float, Array]:
        for array, where in parts:
            array[...] = theta[where].reshape(array.shape)
        value, gradients = network.loss(*subject.batch)
        return value, np.concatenate([gradients[name].ravel() for name in params])

    return both


def _inputs(subject: Subject, batch: Any) -> Array | None:
    """The first array of the batch, one row a sample, if it holds floating-point numbers or is one of a plain model."""
    if not batch or subject.samples < 2:
        return None
    try:
        first = np.asarray(batch[0])
    except ValueError:  # rows of different lengths
        return None
    network = getattr(subject, "network", None)
    looked_up = network is not None and any(layer.takes_indices for layer in network.layers)
    if looked_up or first.dtype.kind not in "fiu" or first.ndim < 2 or first.shape[0] != subject.samples:
        return None
    first = first.astype(np.float64)
    return first if first.ndim == 2 else first.reshape(-1, 1)
