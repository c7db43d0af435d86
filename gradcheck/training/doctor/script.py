"""From a script to a patient: its step is captured, and its update measured."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checks.options import seed_of
from gradcheck.diagnosis.finding import Finding
from gradcheck.errors import SubjectError
from gradcheck.scripts.blame.analysis import Analysis, analyse
from gradcheck.scripts.explain.subjects import ProgramSubject
from gradcheck.scripts.hints import Hints
from gradcheck.scripts.instrument.events import SourceLocation
from gradcheck.scripts.instrument.program import InstrumentedProgram
from gradcheck.scripts.program import check_program
from gradcheck.scripts.replay.capture import capture, capture_loop
from gradcheck.scripts.replay.state import state_variables
from gradcheck.scripts.text.identifiers import last_word, named_as_derivative
from gradcheck.scripts.text.source import read
from gradcheck.training.doctor import causes
from gradcheck.training.doctor.averages import Average
from gradcheck.training.doctor.blocks import weights_of
from gradcheck.training.doctor.causes import biased_average
from gradcheck.training.doctor.data import DoctorReport
from gradcheck.training.doctor.diagnose import Told, examined, refuse
from gradcheck.training.doctor.hidden import hidden_of, observed, order
from gradcheck.training.doctor.measured_update import regimen_of, responses
from gradcheck.training.doctor.read import planned_of
from gradcheck.training.doctor.run import PLANNED, Patient
from gradcheck.training.doctor.schedule import planned
from gradcheck.training.doctor.trials import SEEDS, STEPS

Array = NDArray[np.float64]

#: What parameters are called: data have derivatives, too, but are called otherwise.
_WEIGHT = ("w", "b", "theta", "kernel", "beta")


def doctor_program(
    path: Path,
    *,
    hints: Hints | None = None,
    rng: int | np.random.Generator | np.random.SeedSequence | None = None,
    rtol: float | None = None,
    steps: int | None = None,
    budget: int = STEPS,
    seeds: int = SEEDS,
    progress: bool | Told = False,
    plots: str | Path | None = None,
) -> DoctorReport:
    """Examine a script; the options are those of `doctor`.

    A script that draws its weights without a seed gets one, the same as the doctor's, so that what is found can be
    found again.
    """
    refuse(budget, seeds)
    hints, seed = hints or Hints(), seed_of(rng)
    with _drawing(seed):
        checked = check_program(path, hints=hints, rng=seed, rtol=rtol)
        patient = _patient(path, hints, seed, None if steps is None else planned_of(steps))
    return examined(patient, checked, seed, budget=budget, seeds=seeds, progress=progress, plots=plots)


@contextmanager
def _drawing(seed: int) -> Iterator[None]:
    """Set the generators that a script finds; they are put back."""
    kept = np.random.get_state(), random.getstate()
    np.random.seed(seed % 2**32)
    random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(kept[0])
        random.setstate(kept[1])


def _patient(path: Path, hints: Hints, seed: int, said: int | None) -> Patient:
    analysis = _analysis(path, hints, seed)
    analysis = replace(analysis, parameters=tuple(order(analysis)))
    subject = ProgramSubject(analysis.base, analysis.loss, analysis.parameters, str(path))
    rng = np.random.default_rng(seed)
    found = responses(analysis, rng)
    step = analysis.step
    read_off = planned(step.loop, step.program.trees, {**step.scope, **step.locals})
    steps = read_off if said is None else said
    weights = weights_of(subject.blocks)
    patient = Patient(
        subject,
        regimen_of(found, corrected=_powers(analysis)),
        PLANNED if steps is None else steps,
        said=steps is not None,
        weights=weights,
        suspicions=(
            *_idle(analysis),
            *biased_average.findings([r.averages for r in found], lambda a: _site(analysis, a)),
        ),
        iterations="" if steps is None or said is not None else f"the loop in line {step.loop.line}",
    )
    hidden = hidden_of(analysis, {subject.blocks[w.block].name: w for w in weights})
    patient.observe = lambda theta: observed(analysis, hidden, patient.space, theta)
    patient.another = lambda k: _another(path, hints, seed + k, analysis, patient)
    return patient


def _analysis(path: Path, hints: Hints, seed: int) -> Analysis:
    """Capture the step, and the next loop if there is none in the likeliest, as the check does."""
    step, others = capture(InstrumentedProgram(path, read(path)), hints.arguments, hints.function)
    trouble: SubjectError | None = None
    for _ in range(3):
        try:
            return analyse(step, hints, np.random.default_rng(seed))
        except SubjectError as error:
            trouble = trouble or error
            if not others:
                break
            step, others = capture_loop(InstrumentedProgram(path, read(path)), others[0], hints.arguments), others[1:]
    assert trouble is not None
    raise trouble


def _another(path: Path, hints: Hints, seed: int, analysis: Analysis, patient: Patient) -> Array | None:
    """The parameters that the program draws from another seed; None if they are the same or not to be had."""
    with _drawing(seed):
        program = InstrumentedProgram(path, read(path))
        loop = analysis.step.loop
        try:
            step = (
                capture(program, hints.arguments, hints.function)[0]
                if hints.function is not None
                else capture_loop(program, program.loops[loop.number], hints.arguments)
            )
        except Exception:  # what ran with one seed need not with another
            return None
    found = state_variables({k: v for k, v in {**step.scope, **step.locals}.items() if not k.startswith("_gradcheck")})
    paths = [p.variable.path for p in analysis.parameters]
    if not all(path in found for path in paths):
        return None
    theta = patient.space.vector(tuple(found[path].value for path in paths))
    return None if np.array_equal(theta, patient.start) else theta


def _site(analysis: Analysis, average: Average) -> SourceLocation | None:
    """Where an average is assigned."""
    events = analysis.graph.base.trace.events
    return next((e.location for e in events if average.name in e.names and e.location.kind == "assign"), None)


def _powers(analysis: Analysis) -> bool:
    """Whether something is raised to a power that changes, as averages are corrected by 1 − βᵗ."""
    return any(
        isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and not isinstance(node.right, ast.Constant)
        for tree in analysis.step.program.trees
        for node in ast.walk(tree)
    )


def _idle(analysis: Analysis) -> list[Finding]:
    """Weights that a derivative is computed by, and that the step leaves as they are."""
    updated = {p.variable.path for p in analysis.parameters} | {p.variable.name for p in analysis.parameters}
    found = []
    for path, leaf in analysis.graph.base.trace.before.items():
        word = last_word(leaf.name).lower()
        if path in updated or leaf.name in updated or not word.startswith(_WEIGHT) or leaf.scalar:
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
        if derivative is None or not analysis.base.value(derivative).any() or not moves(analysis, leaf):
            continue
        found.append(_unused(leaf.name, derivative.label, derivative.location))
    return found


def moves(analysis: Analysis, leaf: Any) -> bool:
    """Whether the loss changes with a leaf."""
    seen = analysis.base.run([analysis.loss], values={leaf.path: 1.01 * leaf.value + 1e-3})
    return seen is not None and not np.array_equal(seen[0], analysis.base.value(analysis.loss))


def _unused(name: str, derivative: str, site: Any) -> Finding:
    code, slug = causes.CODES["idle-parameters"], "idle-parameters"
    return Finding(
        code,
        slug,
        name,
        f"no update changes {name}: {derivative} is computed, and never used",
        f"line {site.line}: {derivative}, of the shape of {name}, is not zero; after a pass of the loop {name} is "
        "bit for bit "
        "what it was, and the loss depends on it",
        f"Update it like the others: {name} -= step * {derivative}",
        site.file,
        site.line,
    )
