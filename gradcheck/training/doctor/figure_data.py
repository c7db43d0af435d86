"""The data of the doctor's plots, including the loss along lines, which is measured for them only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.training.doctor.backward_norms import LayerGradient
from gradcheck.training.doctor.baseline import Baseline
from gradcheck.training.doctor.gradient_flow import GradientFlow
from gradcheck.training.doctor.hidden_units import HiddenLayer
from gradcheck.training.doctor.measurements import Measurements
from gradcheck.training.doctor.trajectory import Trajectory
from gradcheck.training.doctor.trials import Trial

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SliceSettings:
    """Extent and resolution of the loss slices.

    Attributes
    ----------
    points : int
        Points on each side.
    minima : float
        The slice along the gradient reaches this many times the distance to the minimum of the local parabola.
    steps : float
        It also reaches this many steps of the training.
    min_reach : float
        Smallest extent.
    radii : float
        The slice along the lowest curvature reaches this many times the norm of the parameters.
    """

    points: int = 60
    minima: float = 2.0
    steps: float = 4.0
    min_reach: float = 1e-3
    radii: float = 2.0


SLICE_SETTINGS = SliceSettings()


@dataclass(frozen=True)
class LossSlice:
    """The loss along a line through a point.

    Attributes
    ----------
    name : str
    distances, losses : ndarray
    loss : float
        The loss at distance 0.
    curvature : float
        Curvature along the line.
    step : float or None
        Distance that one step of the training covers along the line.
    """

    name: str
    distances: Array
    losses: Array
    loss: float
    curvature: float
    step: float | None


@dataclass(frozen=True)
class FigureData:
    """Everything that is plotted.

    Attributes
    ----------
    title : str
    trials : tuple of Trial
    baseline : Baseline or None
    layer_gradients : tuple of LayerGradient
    hidden_layers : tuple of HiddenLayer
    slices : tuple of LossSlice
    gradient_flow : GradientFlow or None
        None unless a cause needed it.
    effective_step : float or None
    trajectory : Trajectory or None
        The loss during the user's own training.
    step_budget : int or None
        Steps that the training takes; None if nobody said how many.
    """

    title: str
    trials: tuple[Trial, ...]
    baseline: Baseline | None
    layer_gradients: tuple[LayerGradient, ...]
    hidden_layers: tuple[HiddenLayer, ...]
    slices: tuple[LossSlice, ...]
    gradient_flow: GradientFlow | None
    effective_step: float | None
    trajectory: Trajectory | None = None
    step_budget: int | None = None


def figure_data(
    measurements: Measurements, trials: Sequence[Trial], title: str, *, complete: bool = True
) -> FigureData:
    """Collect what has been measured.

    Parameters
    ----------
    measurements : Measurements
    trials : sequence of Trial
    title : str
    complete : bool
        Whether what is missing for the plots is measured, the loss along lines above all.
    """
    run = measurements.run
    layers: list[LayerGradient] = (
        measurements.layer_gradients if complete else _measured(measurements, "layer_gradients")
    )
    hidden: list[HiddenLayer] = measurements.hidden_layers if complete else _measured(measurements, "hidden_layers")
    return FigureData(
        title=title,
        trials=tuple(trials),
        baseline=measurements.baseline,
        layer_gradients=tuple(layers),
        hidden_layers=tuple(hidden),
        slices=tuple(_slices(measurements)) if complete else (),
        gradient_flow=measurements.if_measured("gradient_flow"),
        effective_step=None if run.update_rule is None else run.update_rule.effective_step,
        trajectory=measurements.trajectory,
        step_budget=run.step_budget if run.budget_specified else None,
    )


def _measured(measurements: Measurements, name: str) -> list[Any]:
    return measurements.if_measured(name) or []


def _slices(measurements: Measurements) -> list[LossSlice]:
    """Along the gradient at the start, and along the most negative curvature at the end of the trajectory."""
    run, found = measurements.run, []
    norm = float(np.linalg.norm(measurements.gradient))
    curvature = measurements.curvature
    if norm > 0 and curvature is not None:
        along = curvature.along_gradient
        step = None if run.update_rule is None else run.update_rule.step * norm
        to_minimum = norm / along if along > 0 else 0.0
        reach = max(SLICE_SETTINGS.minima * to_minimum, SLICE_SETTINGS.steps * (step or 0.0), SLICE_SETTINGS.min_reach)
        name = "along the negative gradient, at the start"
        found.append(_slice(measurements, run.start, -measurements.gradient / norm, reach, name, along, step))
    final = measurements.final_curvature
    if final is not None and final.lowest < 0:
        end = measurements.trajectory.final_parameters
        reach = SLICE_SETTINGS.radii * max(float(np.linalg.norm(end)), 1.0)
        name = "along the most negative curvature, at the end of the trajectory"
        found.append(_slice(measurements, end, final.down, reach, name, final.lowest, None))
    return found


def _slice(
    measurements: Measurements,
    theta: Array,
    direction: Array,
    reach: float,
    name: str,
    curvature: float,
    step: float | None,
) -> LossSlice:
    distances = reach * np.linspace(-1, 1, 2 * SLICE_SETTINGS.points + 1)
    losses = np.array([measurements.run.loss(theta + t * direction) for t in distances])
    return LossSlice(name, distances, losses, measurements.run.loss(theta), curvature, step)
