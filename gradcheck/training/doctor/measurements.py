"""Everything that is measured of a training run, each quantity when it is first needed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.training.doctor.backward_norms import LayerGradient
from gradcheck.training.doctor.baseline import Baseline, constant_prediction_baseline
from gradcheck.training.doctor.curvature import Curvature, extreme_curvatures
from gradcheck.training.doctor.gradient_flow import GradientFlow, integrate_gradient_flow
from gradcheck.training.doctor.hidden_units import HiddenLayer
from gradcheck.training.doctor.run import TrainingRun, redrawn_weights
from gradcheck.training.doctor.trajectory import Trajectory, train

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MeasurementSettings:
    """When a run counts as stalled.

    Attributes
    ----------
    max_steps : int
        Steps of the user's own training that are executed. It bounds the cost; longer times are predicted from the
        gradient flow.
    halved : float
        A loss that falls to this fraction makes progress.
    solved_fraction : float
        An initial loss below this fraction of the constant-prediction baseline is solved already: a small loss may
        well fall slowly.
    baseline_tolerance : float
        Relative distance within which a loss is at the constant-prediction baseline.
    """

    max_steps: int = 2_000
    halved: float = 0.5
    solved_fraction: float = 0.05
    baseline_tolerance: float = 0.01


MEASUREMENT_SETTINGS = MeasurementSettings()


class Measurements:
    """Measurements of a training run, evaluated lazily and cached.

    Parameters
    ----------
    run : TrainingRun
    rng : numpy.random.Generator
    """

    def __init__(self, run: TrainingRun, rng: np.random.Generator) -> None:
        self.run, self._rng = run, rng

    @cached_property
    def gradient(self) -> Array:
        """Gradient at the start."""
        return self.run.gradient(self.run.start)

    @cached_property
    def target_loss(self) -> float:
        """A loss that shows progress: half of the initial loss, and half of the baseline."""
        value = self.run.loss(self.run.start)
        if not (math.isfinite(value) and value > 0):
            return value - MEASUREMENT_SETTINGS.halved * abs(value)
        return MEASUREMENT_SETTINGS.halved * (value if self.baseline is None else min(value, self.baseline.loss))

    @property
    def steps(self) -> int:
        """Largest number of steps of the user's training that are executed."""
        return min(self.run.step_budget, MEASUREMENT_SETTINGS.max_steps)

    @cached_property
    def trajectory(self) -> Trajectory:
        """The user's own training, until the target loss is reached."""
        run = self.run
        if run.update_rule is None:
            return train(run, run.start, lambda theta, _: theta, 0, target_loss=self.target_loss)
        return train(run, run.start, run.update_rule.step_function(), self.steps, target_loss=self.target_loss)

    def with_step_factor(self, factor: float) -> Trajectory:
        """The same training with `factor` times the step size."""
        run = self.run
        assert run.update_rule is not None
        return train(run, run.start, run.update_rule.step_function(factor), self.steps, target_loss=self.target_loss)

    @cached_property
    def stalled(self) -> bool:
        """Whether the loss should fall but does not: it misses the target and was not small from the start."""
        if self.run.update_rule is None:
            return False  # how the parameters are changed is unknown, and so is whether that makes progress
        return self.trajectory.final_loss > self.target_loss and not self.solved

    @cached_property
    def solved(self) -> bool:
        """Whether the initial loss is small already."""
        return (
            self.baseline is not None
            and self.trajectory.initial_loss <= MEASUREMENT_SETTINGS.solved_fraction * self.baseline.loss
        )

    @cached_property
    def baseline(self) -> Baseline | None:
        """The loss of the best constant prediction."""
        return constant_prediction_baseline(self.run)

    @cached_property
    def at_baseline(self) -> bool:
        """Whether the final loss is that of a constant prediction."""
        baseline, loss = self.baseline, self.trajectory.final_loss
        return (
            baseline is not None
            and abs(loss - baseline.loss) <= MEASUREMENT_SETTINGS.baseline_tolerance * baseline.loss
        )

    @cached_property
    def hidden_layers(self) -> list[HiddenLayer]:
        """Hidden layers at the start."""
        return self.run.hidden_layers(self.run.start) if self.run.hidden_layers is not None else []

    @cached_property
    def final_hidden_layers(self) -> list[HiddenLayer]:
        """Hidden layers at the end of the trajectory."""
        end = self.trajectory.final_parameters
        return self.run.hidden_layers(end) if self.run.hidden_layers is not None else []

    @cached_property
    def layer_gradients(self) -> list[LayerGradient]:
        """Size of the gradient at each layer with weights, at the start."""
        run = self.run
        if run.layer_gradients is not None:
            return run.layer_gradients(run.start)
        return [
            LayerGradient(run.layout.blocks[w.block].name, float(np.sqrt(np.mean(part**2))))
            for w in run.weights
            for part in (run.layout.part(self.gradient, w.block),)
        ]

    @cached_property
    def curvature(self) -> Curvature | None:
        """Extreme curvatures at the start."""
        return extreme_curvatures(self.run, self.run.start, self._rng)

    @cached_property
    def final_curvature(self) -> Curvature | None:
        """Extreme curvatures at the end of the trajectory."""
        return extreme_curvatures(self.run, self.trajectory.final_parameters, self._rng)

    @cached_property
    def gradient_flow(self) -> GradientFlow:
        """The gradient flow from the start."""
        return integrate_gradient_flow(self.run, self.run.start, self._plateau)

    def if_measured(self, name: str) -> Any:
        """A quantity that has been measured already; else None."""
        return vars(self).get(name)

    @cached_property
    def other_gradient_flow(self) -> GradientFlow | None:
        """The gradient flow from another start of the same kind; None if there is none."""
        run = self.run
        theta = run.other_start(1) if run.other_start is not None else None
        if theta is None:
            theta = redrawn_weights(run, self._rng)
        if np.array_equal(theta, run.start):
            return None
        return integrate_gradient_flow(run, theta, self._plateau)

    @property
    def _plateau(self) -> float | None:
        return self.baseline.loss if self.baseline is not None else None
