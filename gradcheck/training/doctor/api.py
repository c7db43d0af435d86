"""`gradcheck.doctor`: find out why the loss does not go down although its gradient is right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck.checks.gradients import check_subject
from gradcheck.checks.options import seed_of
from gradcheck.subjects.convert import MISSING, as_subject
from gradcheck.subjects.subject import Subject
from gradcheck.training.doctor.build_run import build_run, rule_from_options, valid_step_budget
from gradcheck.training.doctor.diagnose import ProgressCallback, diagnose, validate_trial_options
from gradcheck.training.doctor.report import DoctorReport
from gradcheck.training.doctor.trials import DEFAULT_SEEDS, DEFAULT_STEPS


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
    budget: int = DEFAULT_STEPS,
    seeds: int = DEFAULT_SEEDS,
    rtol: float | None = None,
    rng: int | np.random.Generator | np.random.SeedSequence | None = None,
    progress: bool | ProgressCallback = False,
    plots: str | Path | None = None,
) -> DoctorReport:
    """Find out why a loss does not go down although its gradient is right, and measure what helps.

    Parameters
    ----------
    target, grad, x0, args, batch
        As for `check_gradients`. The target may also be the path of a script; its step size and optimiser are read
        from its update.
    step : float
        Step size of gradient descent. Ignored for a script and if an `optimiser` is given.
    optimiser : object, optional
        Has ``step(params, grads)``, as the optimisers of `gradcheck.nn` do. A copy of it is used.
    steps : int, optional
        Number of steps that the training takes. By default 10,000, or the number read from the loop of a script.
    budget : int
        Number of steps of each trial; 0 runs no trial.
    seeds : int
        Number of runs of each trial.
    rtol : float, optional
        Relative tolerance of the gradient check.
    rng : int, numpy.random.Generator, SeedSequence or None
        Seeds all random draws. The report states the seed.
    progress : bool or callable
        Show a progress bar of the trials on standard error. A callable is called with the steps done, the total number
        of steps, and the name of the trial.
    plots : path, optional
        Folder for plots, as SVG and PNG. Needs matplotlib.

    Returns
    -------
    DoctorReport
        True if the gradient is right and nothing was found.

    Raises
    ------
    SubjectError, SubjectTypeError
        If an argument cannot be used; the message says what to change.

    Notes
    -----
    The gradient is checked first. If it is wrong, the training is not analysed. The findings, what they measure and the
    sources of their thresholds are in docs/doctor.md.

    Examples
    --------
    Gradient descent on a parabola of curvature 2, with too long a step:

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
    subject = as_subject(target, grad, x0, args=args, batch=batch)
    return doctor_subject(
        subject,
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
    subject: Subject,
    *,
    step: float = 0.03,
    optimiser: Any = None,
    steps: int | None = None,
    budget: int = DEFAULT_STEPS,
    seeds: int = DEFAULT_SEEDS,
    rtol: float | None = None,
    rng: int | np.random.Generator | np.random.SeedSequence | None = None,
    progress: bool | ProgressCallback = False,
    plots: str | Path | None = None,
    pictures: bool = False,
) -> DoctorReport:
    """Diagnose the training of a subject; the options are those of `doctor`."""
    update_rule, seed = rule_from_options(step, optimiser), seed_of(rng)
    valid_step_budget(steps)
    validate_trial_options(budget, seeds)
    checked = check_subject(subject, rtol=rtol, rng=seed)
    run = build_run(subject, update_rule, steps)
    return diagnose(run, checked, seed, budget=budget, seeds=seeds, progress=progress, plots=plots, pictures=pictures)
