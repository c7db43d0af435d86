"""Diagnose the training of a script: capture its step, measure its update, and build the training run."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checks.options import seed_of
from gradcheck.diagnosis.finding import Finding
from gradcheck.errors import SubjectError
from gradcheck.scripts.analysis import Analysis, analyse
from gradcheck.scripts.graph.parameters import Parameter
from gradcheck.scripts.hints import Hints
from gradcheck.scripts.instrument.events import SourceLocation
from gradcheck.scripts.instrument.program import InstrumentedProgram
from gradcheck.scripts.program import check_program
from gradcheck.scripts.replay.capture import capture, capture_loop
from gradcheck.scripts.replay.open_files import without_open_files
from gradcheck.scripts.replay.state import state_variables
from gradcheck.scripts.subject import ProgramSubject
from gradcheck.scripts.text.identifiers import last_word, named_as_derivative
from gradcheck.scripts.text.source import read
from gradcheck.training.doctor.build_run import valid_step_budget
from gradcheck.training.doctor.causes import idle_parameters
from gradcheck.training.doctor.causes.biased_average import biased_average_findings
from gradcheck.training.doctor.diagnose import ProgressCallback, diagnose, validate_trial_options
from gradcheck.training.doctor.measured_update import common_rule, measure_updates
from gradcheck.training.doctor.parameter_layout import ParameterLayout
from gradcheck.training.doctor.report import DoctorReport
from gradcheck.training.doctor.run import DEFAULT_STEP_BUDGET, TrainingRun
from gradcheck.training.doctor.running_averages import RunningAverage
from gradcheck.training.doctor.script_units import hidden_arrays, in_forward_order, script_hidden_layers
from gradcheck.training.doctor.step_budget import step_budget_of
from gradcheck.training.doctor.trials import DEFAULT_SEEDS, DEFAULT_STEPS
from gradcheck.training.doctor.weight_blocks import weight_blocks

Array = NDArray[np.float64]

#: First letters of the names of parameters. Derivatives with respect to data exist too, but data have other names.
_PARAMETER_PREFIXES = ("w", "b", "theta", "kernel", "beta")

#: Number of loops that are tried until one can be analysed, as in the check of a script.
_MAX_LOOPS = 3

#: Change of a value that shows whether the loss depends on it: relative, and absolute for a value of zero.
_RELATIVE_SHIFT, _ABSOLUTE_SHIFT = 0.01, 1e-3


@without_open_files()
def doctor_program(
    path: Path,
    *,
    hints: Hints | None = None,
    rng: int | np.random.Generator | np.random.SeedSequence | None = None,
    rtol: float | None = None,
    steps: int | None = None,
    budget: int = DEFAULT_STEPS,
    seeds: int = DEFAULT_SEEDS,
    progress: bool | ProgressCallback = False,
    plots: str | Path | None = None,
    pictures: bool = False,
) -> DoctorReport:
    """Diagnose the training of a script; the options are those of `doctor`.

    The global random generators are seeded with the seed of the report while the script runs, so the report is
    reproducible even if the script sets no seed.
    """
    validate_trial_options(budget, seeds)
    hints, seed = hints or Hints(), seed_of(rng)
    with _seeded_generators(seed):
        checked = check_program(path, hints=hints, rng=seed, rtol=rtol)
        run = _build_run(path, hints, seed, None if steps is None else valid_step_budget(steps))
    return diagnose(run, checked, seed, budget=budget, seeds=seeds, progress=progress, plots=plots, pictures=pictures)


@contextmanager
def _seeded_generators(seed: int) -> Iterator[None]:
    """Seed the global random generators, and restore their state afterwards."""
    kept = np.random.get_state(), random.getstate()
    np.random.seed(seed % 2**32)
    random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(kept[0])
        random.setstate(kept[1])


def _build_run(path: Path, hints: Hints, seed: int, specified: int | None) -> TrainingRun:
    """The training run of a script; `specified` is the step budget that the caller gave."""
    analysis = _analysis(path, hints, seed)
    parameters = in_forward_order(analysis)
    subject = ProgramSubject(analysis.base, analysis.loss, parameters, str(path))
    updates = measure_updates(analysis, parameters, np.random.default_rng(seed))
    step = analysis.step
    from_loop = step_budget_of(step.loop, step.program.trees, {**step.scope, **step.locals})
    budget = from_loop if specified is None else specified
    weights = weight_blocks(subject.blocks)
    hidden = hidden_arrays(analysis, parameters, {subject.blocks[w.block].name: w for w in weights})
    layout = ParameterLayout(subject.blocks)
    return TrainingRun(
        subject,
        common_rule(updates, corrected=_has_varying_power(analysis)),
        step_budget=DEFAULT_STEP_BUDGET if budget is None else budget,
        budget_specified=budget is not None,
        loop_line=step.loop.line if specified is None and from_loop is not None else None,
        weights=weights,
        hidden_layers=lambda theta: script_hidden_layers(analysis, parameters, hidden, layout, theta),
        other_start=lambda k: _other_start(path, hints, seed + k, analysis, parameters),
        update_findings=(
            *_idle_parameters(analysis, parameters),
            *biased_average_findings([u.averages for u in updates], lambda a: _assignment_of(analysis, a)),
        ),
    )


def _analysis(path: Path, hints: Hints, seed: int) -> Analysis:
    """Capture the step of the most likely loop, or of the next one if it cannot be analysed, as the check does."""
    step, others = capture(InstrumentedProgram(path, read(path)), hints.arguments, hints.function)
    first_error: SubjectError | None = None
    for _ in range(_MAX_LOOPS):
        try:
            return analyse(step, hints, np.random.default_rng(seed))
        except SubjectError as error:
            first_error = first_error or error
            if not others:
                break
            step, others = capture_loop(InstrumentedProgram(path, read(path)), others[0], hints.arguments), others[1:]
    assert first_error is not None
    raise first_error


def _other_start(
    path: Path, hints: Hints, seed: int, analysis: Analysis, parameters: Sequence[Parameter]
) -> Array | None:
    """Initial parameters that the program draws with another seed; None if it fails or they are the same."""
    with _seeded_generators(seed):
        program = InstrumentedProgram(path, read(path))
        loop = analysis.step.loop
        try:
            step = (
                capture(program, hints.arguments, hints.function)[0]
                if hints.function is not None
                else capture_loop(program, program.loops[loop.number], hints.arguments)
            )
        except Exception:  # a program that runs with one seed may fail with another
            return None
    found = state_variables({k: v for k, v in {**step.scope, **step.locals}.items() if not k.startswith("_gradcheck")})
    paths = [p.variable.path for p in parameters]
    if not all(path in found for path in paths):
        return None
    theta = _flat([found[path].value for path in paths])
    return None if np.array_equal(theta, _flat([p.variable.value for p in parameters])) else theta


def _flat(arrays: Sequence[Any]) -> Array:
    return np.concatenate([np.asarray(array, dtype=np.float64).ravel() for array in arrays])


def _assignment_of(analysis: Analysis, average: RunningAverage) -> SourceLocation | None:
    """Source location at which an average is assigned."""
    events = analysis.graph.base.trace.events
    return next((e.location for e in events if average.name in e.names and e.location.kind == "assign"), None)


def _has_varying_power(analysis: Analysis) -> bool:
    """Whether a power has a variable exponent, as the bias correction 1 − βᵗ has."""
    return any(
        isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and not isinstance(node.right, ast.Constant)
        for tree in analysis.step.program.trees
        for node in ast.walk(tree)
    )


def _idle_parameters(analysis: Analysis, parameters: Sequence[Parameter]) -> list[Finding]:
    """Findings about weights whose derivative is computed but that the step does not change."""
    updated = {p.variable.path for p in parameters} | {p.variable.name for p in parameters}
    arrays = {id(p.variable.found) for p in parameters}  # one array may have several names
    found = []
    for path, leaf in analysis.graph.base.trace.before.items():
        word = last_word(leaf.name).lower()
        if path in updated or leaf.name in updated or id(leaf.found) in arrays:
            continue
        if not word.startswith(_PARAMETER_PREFIXES) or leaf.scalar:
            continue
        after = analysis.graph.base.trace.after.get(path)
        if after is None or not np.array_equal(after.value, leaf.value, equal_nan=True):
            continue
        derivative = next(
            (
                n
                for n in analysis.graph.nodes
                if n.shape == leaf.value.shape and named_as_derivative([leaf.name], n.names)
            ),
            None,
        )
        if derivative is None or not analysis.base.value(derivative).any() or not _influences_loss(analysis, leaf):
            continue
        found.append(idle_parameters.unused_derivative(leaf.name, derivative.label, derivative.location))
    return found


def _influences_loss(analysis: Analysis, leaf: Any) -> bool:
    """Whether the loss changes if a leaf does."""
    moved = (1 + _RELATIVE_SHIFT) * leaf.value + _ABSOLUTE_SHIFT
    seen = analysis.base.run([analysis.loss], values={leaf.path: moved})
    return seen is not None and not np.array_equal(seen[0], analysis.base.value(analysis.loss))
