"""What `gradcheck doctor` finds: steps to leave a plateau, problems with good settings and with one planted cause.

python -m benchmarks.doctor --output docs/doctor-figures.md
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

import gradcheck
from benchmarks.output import add_output, write
from gradcheck.app.examples.xor import BATCH
from gradcheck.subjects.convert import as_subject
from gradcheck.training.doctor.build_run import build_run, rule_from_options
from gradcheck.training.doctor.gradient_flow import integrate_gradient_flow
from gradcheck.training.doctor.report import DoctorReport
from tests.training.doctor.problems import GOOD_SETTINGS, PLANTED, PLANTED_INPUTS, Make
from tests.training.doctor.xor import descent_steps, question_network

PROGRAMS = Path(__file__).parent.parent / "tests" / "training" / "doctor" / "programs"

RATE, LEVEL = 0.03, math.log(2)

#: Steps of plain descent that are walked to compare with.
WALKED = 120_000


def ways_out() -> Iterable[str]:
    """Predicted and actual steps, by the scale of the initial weights and the seed."""
    yield "| weight scale | seed | predicted steps | actual steps | difference | gradients | seconds |"
    yield "|---:|---:|---:|---:|---:|---:|---:|"
    for scale in (1.0, 0.3, 0.1, 0.01):
        for seed in range(3):
            subject = as_subject(question_network(scale, seed), batch=BATCH)
            run = build_run(subject, rule_from_options(RATE, None), None)
            begun = time.perf_counter()
            found = integrate_gradient_flow(run, run.start, LEVEL)
            seconds, steps = time.perf_counter() - begun, found.steps_to_escape(RATE)
            assert steps is not None
            network, close = question_network(scale, seed), steps < 0.9 * WALKED
            taken = descent_steps(network, RATE, LEVEL / 2, WALKED) if close else None
            off = "" if taken is None else f"{abs(steps / taken - 1):.3%}"
            shown = "not run" if taken is None else f"{taken:,}"
            yield f"| {scale:g} | {seed} | {steps:,.0f} | {shown} | {off} | {found.gradients:,} | {seconds:.2f} |"


def examined(make: Make, seed: int) -> tuple[DoctorReport, str, float]:
    """The report on a problem, what was planted, and how long it took."""
    problem = make(np.random.default_rng(seed))
    begun = time.perf_counter()
    report = gradcheck.doctor(problem.network, batch=problem.batch, optimiser=problem.optimiser, rng=seed, budget=0)
    return report, problem.planted, time.perf_counter() - begun


def problems(chosen: dict[str, Make], seeds: Iterable[int]) -> Iterable[str]:
    """One line a problem, and how many are as expected."""
    seeds = tuple(seeds)
    yield "| problem | planted | found, first seed | as expected | seconds |"
    yield "|---|---|---|---:|---:|"
    right = total = 0
    for name, make in chosen.items():
        good, slowest, first, planted = 0, 0.0, "", ""
        for seed in seeds:
            report, planted, seconds = examined(make, seed)
            slugs = [finding.slug for finding in report.findings]
            good += slugs[:1] == [planted] if planted else not slugs
            slowest = max(slowest, seconds)
            first = first or ", ".join(slugs) or "nothing"
        right, total = right + good, total + len(seeds)
        yield f"| {name} | {planted or 'nothing'} | {first} | {good} of {len(seeds)} | {slowest:.1f} |"
    yield f"| **all** | | | **{right} of {total}** | |"


def trials() -> Iterable[str]:
    """The trials on the XOR program."""
    report = gradcheck.doctor(PROGRAMS / "question.py", rng=0)
    yield "| trial | loss, median | lowest | highest | seeds | steps |"
    yield "|---|---:|---:|---:|---:|---:|"
    for trial in report.trials:
        losses = (f"{x:.3g}" if math.isfinite(x) else "diverged" for x in (trial.median, trial.lowest, trial.highest))
        yield f"| {trial.name} | {' | '.join(losses)} | {trial.seeds} | {trial.steps:,} |"
    yield ""
    yield f"{report.gradients:,} gradients, {report.seconds:.0f} seconds on one core."


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="of each problem")
    add_output(parser)
    options = parser.parse_args()
    lines = [
        "# What the doctor finds",
        "",
        "Made by `python -m benchmarks.doctor`.",
        "",
        "## Steps to leave a plateau",
        "",
        "Steps of gradient descent at 0.03 until the loss of the XOR network falls to half of ln 2: predicted from the",
        "gradient flow, and counted by running the descent. The initial weights are drawn by",
        "`numpy.random.RandomState(seed)` at four scales; the original program uses 0.01.",
        "",
        *ways_out(),
        "",
        "## Problems with good settings",
        "",
        f"{len(GOOD_SETTINGS)} problems of `gradcheck.nn` (`tests/training/doctor/problems.py`), {options.seeds} seeds "
        "each. Expected: no finding.",
        "",
        *problems(GOOD_SETTINGS, range(options.seeds)),
        "",
        "## Problems with one planted cause",
        "",
        f"{len(PLANTED)} problems with one planted cause each, and {len(PLANTED_INPUTS)} more. Expected: that cause is",
        "the first finding; others may follow.",
        "",
        *problems(PLANTED | PLANTED_INPUTS, range(options.seeds)),
        "",
        "## Trials on the XOR program",
        "",
        *trials(),
        "",
    ]
    write("\n".join(lines), options.output)


if __name__ == "__main__":
    main()
