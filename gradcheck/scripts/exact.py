"""Gradients that equal the exact derivatives of the recorded step, where differences of the loss are too noisy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gradcheck.recording.rules import NoRule
from gradcheck.scripts.analysis import Analysis
from gradcheck.scripts.record.recorded_step import StepRecording, record_step
from gradcheck.tracebacks import pass_on_signal
from gradcheck.verdicts.result import CheckResult, Ground
from gradcheck.verdicts.verdict import Verdict

#: A claim that is this close to the exact derivative, in the norm of its block, is that derivative.
_EXACT = 1e-9

#: The same at the program's own point if there is a random one: zeros there put activations on their kinks, where
#: either slope is right.
_ON_KINKS = 1e-2


def with_exact_gradients(analysis: Analysis, found: CheckResult) -> CheckResult:
    """The check, with a pass for undecided blocks whose claim is the exact derivative at a random point.

    The recording is trusted only if it agrees with differences on at least one block, so that the two are independent
    witnesses. A check in which a block fails, or none passes, stays as it is.

    Parameters
    ----------
    analysis : Analysis
    found : CheckResult
    """
    passing = {b.block.name for b in found.blocks if b.verdict is Verdict.PASS and b.measured}
    if found.verdict is not Verdict.UNDECIDED or not passing or analysis.step.carries_over:
        return found
    exact = _exact_names(analysis)
    if not passing <= exact:
        return found
    note = (
        f"equals the exact derivative of the recorded operations to {_EXACT:.0e}; kinks or rounding of the loss hide "
        "it from differences"
    )
    blocks = tuple(
        replace(b, verdict=Verdict.PASS, ground=Ground.RECORDING, note=note, location=None)
        if b.verdict is Verdict.UNDECIDED and b.block.name in exact
        else b
        for b in found.blocks
    )
    return replace(found, blocks=blocks)


def _exact_names(analysis: Analysis) -> set[str]:
    """The parameters whose claimed gradient is the exact one at the base points; none if the step is not recorded."""
    exact = {parameter.name for parameter in analysis.parameters}
    for base in analysis.bases:
        tolerance = _EXACT if base is analysis.bases[-1] else _ON_KINKS
        try:
            made = record_step(analysis, base)
        except NoRule:
            return set()
        except Exception as error:  # what the program does only where it is not rewritten
            pass_on_signal(error)
            return set()
        exact &= _exact_at(analysis, made, tolerance)
    return exact


def _exact_at(analysis: Analysis, made: StepRecording | None, tolerance: float) -> set[str]:
    found = set()
    recording = None if made is None else made.recording
    for i, parameter in enumerate(analysis.parameters):
        claim = None if recording is None else recording.claims[i]
        if recording is None or claim is None or recording.truths[i] is None:
            continue
        truth = np.asarray(recording.truths[i])
        gap = np.asarray(recording.graph.values[claim].array).reshape(truth.shape) - truth
        if float(np.linalg.norm(gap)) <= tolerance * float(np.linalg.norm(truth)):
            found.add(parameter.name)
    return found
