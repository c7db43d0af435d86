"""How many steps gradient descent needs to leave a plateau, predicted from the gradient flow.

Descent with a small step η follows the flow dθ/dt = −∇J(θ): n steps reach the point at time t = ηn, to first order in η
(Euler's method: E. Hairer, S. P. Nørsett and G. Wanner, Solving Ordinary Differential Equations I, 1993, II.3). On a
plateau the flow is slow and smooth, so one step of a stiff, adaptive solver covers up to millions of steps of descent.
The solver is LSODA (A. C. Hindmarsh, ODEPACK, 1983; L. Petzold, SIAM J. Sci. Stat. Comput. 4, 1983).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.training.doctor.run import TrainingRun

Array = NDArray[np.float64]


@dataclass(frozen=True)
class GradientFlowSettings:
    """Accuracy and limits of the integration.

    Attributes
    ----------
    max_gradients : int
        Gradients that the solver may evaluate. The plateaus of docs/doctor-figures.md take 230 to 1,240.
    rtol : float
        Tolerance of the solver relative to each parameter. Predicted steps are then within 0.05% of counted ones
        (docs/doctor-figures.md).
    atol_fraction : float
        Absolute tolerance, as a fraction of `rtol` times the root mean square of the parameters (or 1 if less).
    target_fraction : float
        The plateau is left when the loss has fallen to this fraction.
    max_time : float
        The integration stops at this time: no step size makes it a feasible number of steps.
    bisections : int
        Halvings that locate the crossing within the last solver step: a relative accuracy of 1e-9 of that step.
    """

    max_gradients: int = 1_900
    rtol: float = 1e-5
    atol_fraction: float = 0.1
    target_fraction: float = 0.5
    max_time: float = 1e18
    bisections: int = 30


GRADIENT_FLOW_SETTINGS = GradientFlowSettings()


@dataclass(frozen=True)
class GradientFlow:
    """The gradient flow from a starting point until the loss has halved.

    Attributes
    ----------
    times, losses, gradient_norms : tuple of float
        Values along the flow.
    time_to_escape : float or None
        Time at which the loss reaches `target_loss`; None if it did not within the gradients allowed.
    target_loss : float
    gradients : int
        Gradients evaluated.
    """

    times: tuple[float, ...]
    losses: tuple[float, ...]
    gradient_norms: tuple[float, ...]
    time_to_escape: float | None
    target_loss: float
    gradients: int

    def steps_to_escape(self, step: float) -> float | None:
        """Number of descent steps of size `step` to reach the target loss; None if it is not known."""
        return None if self.time_to_escape is None else self.time_to_escape / step

    def fraction_near(self, loss: float, tolerance: float) -> float:
        """Fraction of the time during which the loss is within a relative tolerance of a value."""
        times = np.array(self.times)
        near = np.abs(np.array(self.losses) - loss) <= tolerance * abs(loss)
        return float((np.diff(times) * (near[1:] & near[:-1])).sum() / times[-1]) if times[-1] > 0 else 0.0


def integrate_gradient_flow(
    run: TrainingRun,
    theta: Array,
    plateau: float | None = None,
    max_gradients: int = GRADIENT_FLOW_SETTINGS.max_gradients,
) -> GradientFlow:
    """Integrate the gradient flow until the loss has halved.

    Parameters
    ----------
    run : TrainingRun
    theta : ndarray
        Starting point.
    plateau : float, optional
        Loss of the plateau. The target is half of it, or half of the initial loss if that is lower.
    max_gradients : int

    Returns
    -------
    GradientFlow
    """
    from scipy.integrate import LSODA

    evaluated = 0

    def downhill(_: float, x: Array) -> Array:
        nonlocal evaluated
        evaluated += 1
        if evaluated > max_gradients:
            raise _IntegrationStopped
        gradient = run.gradient(x)
        if not np.isfinite(gradient).all():
            raise _IntegrationStopped
        return -gradient

    settings, value = GRADIENT_FLOW_SETTINGS, run.loss(theta)
    target = settings.target_fraction * (min(value, plateau) if plateau is not None and plateau > 0 else value)
    times, losses, norms = [0.0], [value], [float(np.linalg.norm(run.gradient(theta)))]
    escape: float | None = 0.0 if value <= target else None
    size = float(np.sqrt(np.mean(theta**2))) or 1.0
    atol = settings.atol_fraction * settings.rtol * min(size, 1.0)
    try:
        solver = LSODA(downhill, 0.0, theta.copy(), math.inf, rtol=settings.rtol, atol=atol)
        while escape is None and solver.status == "running" and math.isfinite(losses[-1]):
            solver.step()
            if not math.isfinite(run.loss(solver.y)):
                break
            times.append(float(solver.t))
            losses.append(run.loss(solver.y))
            norms.append(_gradient_norm(solver))
            if losses[-1] <= target:
                escape = _crossing_time(run, solver, target)
            if norms[-1] == 0 or times[-1] > settings.max_time:
                break
    except _IntegrationStopped:
        pass
    return GradientFlow(tuple(times), tuple(losses), tuple(norms), escape, target, evaluated)


class _IntegrationStopped(Exception):
    """The allowed gradients are used up, or the gradient is not finite."""


def _gradient_norm(solver: Any) -> float:
    """Mean norm of the gradient over the last solver step, from the distance covered."""
    before = solver.dense_output()(solver.t_old)
    return float(np.linalg.norm(solver.y - before) / (solver.t - solver.t_old)) if solver.t > solver.t_old else 0.0


def _crossing_time(run: TrainingRun, solver: Any, target: float) -> float:
    """Time within the last solver step at which the loss fell below the target, by bisection."""
    interpolant = solver.dense_output()
    low, high = float(solver.t_old), float(solver.t)
    for _ in range(GRADIENT_FLOW_SETTINGS.bisections):
        middle = 0.5 * (low + high)
        if run.loss(interpolant(middle)) <= target:
            high = middle
        else:
            low = middle
    return high
