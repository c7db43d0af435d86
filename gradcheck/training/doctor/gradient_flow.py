"""How long plain descent takes to get away, known without walking: the gradient flow by a stiff, adaptive solver.

Descent with a small step η follows the flow dθ/dt = −∇J(θ), and n steps take it as far as the time t = ηn does, to
first order in η (E. Hairer, S. P. Nørsett and G. Wanner, Solving Ordinary Differential Equations I, 1993, II.3: it is
Euler's method). On a plateau the flow is slow and smooth, so that an implicit solver takes steps as long as millions
of steps of descent: LSODA (A. C. Hindmarsh, ODEPACK, 1983; L. Petzold, SIAM J. Sci. Stat. Comput. 4, 1983).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.training.doctor.run import Patient

Array = NDArray[np.float64]

#: Gradients that may be spent.
GRADIENTS = 1_900

#: Tolerance of the solver, relative to each parameter; a tenth of it relative to the root mean square of all.
RTOL = 1e-5

#: Nobody waits as long as this: the flow has stopped.
STOPPED = 1e18


@dataclass(frozen=True)
class Escape:
    """The way out along the gradient flow.

    Attributes
    ----------
    times, losses, norms : tuple of float
        Along the way: time, loss, and norm of the gradient.
    halved : float or None
        Time at which the loss had halved; None if it did not within the gradients that were to be spent.
    target : float
        The loss that it had to fall to.
    gradients : int
        Spent.
    """

    times: tuple[float, ...]
    losses: tuple[float, ...]
    norms: tuple[float, ...]
    halved: float | None
    target: float
    gradients: int

    def steps(self, rate: float) -> float | None:
        """Steps of plain descent that take it there."""
        return None if self.halved is None else self.halved / rate

    def share_near(self, level: float, within: float) -> float:
        """Share of the time that the loss lies within a relative distance of a level."""
        times = np.array(self.times)
        near = np.abs(np.array(self.losses) - level) <= within * abs(level)
        return float((np.diff(times) * (near[1:] & near[:-1])).sum() / times[-1]) if times[-1] > 0 else 0.0


def escape(patient: Patient, theta: Array, level: float | None = None, gradients: int = GRADIENTS) -> Escape:
    """Follow the gradient flow until the loss has halved.

    Parameters
    ----------
    patient : Patient
    theta : ndarray
        Where to begin.
    level : float, optional
        The plateau. The loss has to fall to half of it, or of the loss at the beginning if that is lower.
    gradients : int
        That may be spent.

    Returns
    -------
    Escape
    """
    from scipy.integrate import LSODA

    spent = 0

    def downhill(_: float, x: Array) -> Array:
        nonlocal spent
        spent += 1
        if spent > gradients:
            raise _Spent
        slope = patient.gradient(x)
        if not np.isfinite(slope).all():
            raise _Spent
        return -slope

    value = patient.loss(theta)
    target = 0.5 * (min(value, level) if level is not None and level > 0 else value)
    times, losses, norms = [0.0], [value], [float(np.linalg.norm(patient.gradient(theta)))]
    halved: float | None = 0.0 if value <= target else None
    size = float(np.sqrt(np.mean(theta**2))) or 1.0
    try:
        solver = LSODA(downhill, 0.0, theta.copy(), math.inf, rtol=RTOL, atol=0.1 * RTOL * min(size, 1.0))
        while halved is None and solver.status == "running" and math.isfinite(losses[-1]):
            solver.step()
            if not math.isfinite(patient.loss(solver.y)):
                break
            times.append(float(solver.t))
            losses.append(patient.loss(solver.y))
            norms.append(_speed(solver))
            if losses[-1] <= target:
                halved = _crossing(patient, solver, target)
            if norms[-1] == 0 or times[-1] > STOPPED:
                break
    except _Spent:
        pass
    return Escape(tuple(times), tuple(losses), tuple(norms), halved, target, spent)


class _Spent(Exception):
    """No gradients are left, or there are none."""


def _speed(solver: Any) -> float:
    """Norm of the gradient over the last step, from how far it went."""
    before = solver.dense_output()(solver.t_old)
    return float(np.linalg.norm(solver.y - before) / (solver.t - solver.t_old)) if solver.t > solver.t_old else 0.0


def _crossing(patient: Patient, solver: Any, target: float) -> float:
    """When in the last step the loss fell below the target: by bisection."""
    inside = solver.dense_output()
    low, high = float(solver.t_old), float(solver.t)
    for _ in range(30):
        middle = 0.5 * (low + high)
        if patient.loss(inside(middle)) <= target:
            high = middle
        else:
            low = middle
    return high
