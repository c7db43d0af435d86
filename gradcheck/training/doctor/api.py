"""`gradcheck.doctor`: why the loss does not go down, and what helps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck.checks.gradients import check_subject
from gradcheck.checks.options import seed_of
from gradcheck.subjects.convert import MISSING, as_subject
from gradcheck.subjects.subject import Subject
from gradcheck.training.doctor.data import DoctorReport
from gradcheck.training.doctor.diagnose import Told, examined, refuse
from gradcheck.training.doctor.read import patient_of, planned_of, regimen_of
from gradcheck.training.doctor.trials import SEEDS, STEPS


def doctor(
    target: Any,
    grad: Any = MISSING,
    x0: Any = MISSING,
    *,
    args: Sequence[Any] = (),
    batch: Sequence[Any] = (),
    step: float = 0.03,
    optimiser: Any = None,
    steps: int | None = None,
    budget: int = STEPS,
    seeds: int = SEEDS,
    rtol: float | None = None,
    rng: int | np.random.Generator | np.random.SeedSequence | None = None,
    progress: bool | Told = False,
    plots: str | Path | None = None,
) -> DoctorReport:
    """Say why a loss does not go down although its gradient is right, and what helps.

    Parameters
    ----------
    target, grad, x0, args, batch
        As for `check_gradients`; or the path of a script, whose step and optimiser are read from its update.
    step : float
        Step size of gradient descent. Ignored if there is an `optimiser`, or for a script.
    optimiser : object, optional
        Has ``step(params, grads)``, as the optimisers of `gradcheck.nn` do; a copy of it is used.
    steps : int, optional
        Steps that the training takes, by default 10,000; those of a script are read from its loop.
    budget : int
        Steps of each trial; 0 tries nothing.
    seeds : int
        Runs of each remedy.
    rtol : float, optional
        Of the check of the gradient.
    rng : int, numpy.random.Generator, SeedSequence or None
        Fixes all that is random. The report says which seed it was.
    progress : bool or callable
        Show a progress bar of the trials on standard error; a callable gets the steps done, those in all, and the name
        of what is being tried.
    plots : path, optional
        A folder for the pictures, as SVG and PNG (with matplotlib).

    Returns
    -------
    DoctorReport
        True if the gradient is right and nothing was found.

    Raises
    ------
    SubjectError, SubjectTypeError
        If the arguments cannot be used as they are; the message says what to change.

    Notes
    -----
    The gradient is checked first. If it is wrong the report says so and ends there: nothing can be told of a training
    that follows it. See docs/doctor.md for the findings, their numbers and where their thresholds come from.

    Examples
    --------
    Plain descent on a parabola, with a step that is too long for its curvature of 2:

    >>> import numpy as np
    >>> import gradcheck
    >>> report = gradcheck.doctor(lambda x: float(x @ x), lambda x: 2 * x, np.ones(3), step=1.1, budget=100, rng=0)
    >>> [finding.slug for finding in report.findings]
    ['step-too-large']
    """
    if isinstance(target, (str, Path)) and Path(target).suffix in (".py", ".ipynb"):
        from gradcheck.subjects.load import existing_file
        from gradcheck.training.doctor.script import doctor_program

        return doctor_program(
            existing_file(target),
            rng=rng,
            rtol=rtol,
            steps=steps,
            budget=budget,
            seeds=seeds,
            progress=progress,
            plots=plots,
        )
    read = as_subject(target, grad, x0, args=args, batch=batch)
    return doctor_subject(
        read,
        step=step,
        optimiser=optimiser,
        steps=steps,
        budget=budget,
        seeds=seeds,
        rtol=rtol,
        rng=rng,
        progress=progress,
        plots=plots,
    )


def doctor_subject(
    read: Subject,
    *,
    step: float = 0.03,
    optimiser: Any = None,
    steps: int | None = None,
    budget: int = STEPS,
    seeds: int = SEEDS,
    rtol: float | None = None,
    rng: int | np.random.Generator | np.random.SeedSequence | None = None,
    progress: bool | Told = False,
    plots: str | Path | None = None,
) -> DoctorReport:
    """Examine a subject; the options are those of `doctor`."""
    regimen, seed = regimen_of(step, optimiser), seed_of(rng)
    planned_of(steps)
    refuse(budget, seeds)
    checked = check_subject(read, rtol=rtol, rng=seed)
    patient = patient_of(read, regimen, steps)
    return examined(patient, checked, seed, budget=budget, seeds=seeds, progress=progress, plots=plots)
