"""The report of a check of a map, from its result and findings."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from gradcheck._version import __version__
from gradcheck.diagnosis.finding import Finding
from gradcheck.diagnosis.maps.wording import worded
from gradcheck.probes.comparison import Comparison
from gradcheck.reports.build import stated
from gradcheck.reports.data import BlockReport
from gradcheck.reports.report import Report
from gradcheck.subjects.maps.map_subject import MapSubject
from gradcheck.verdicts.curve import StepGap, step_gaps
from gradcheck.verdicts.maps.result import MapResult, PairResult
from gradcheck.verdicts.verdict import Verdict


def pair_names(subject: MapSubject) -> Callable[[PairResult], str]:
    """Names of pairs: that of the input where there is one output, else ``(output, input)``."""
    outputs, inputs = subject.outputs.names, subject.input_names
    if subject.outputs.structure.bare:
        return lambda pair: inputs[pair.block]
    return lambda pair: f"({outputs[pair.output]}, {inputs[pair.block]})"


def map_report(
    result: MapResult,
    findings: Sequence[Finding],
    *,
    kind: str,
    target: str,
    seed: int,
    rtol: float,
    seconds: float,
    notes: Sequence[str] = (),
    evaluations: int | None = None,
) -> Report:
    """Make a report.

    Parameters
    ----------
    result : MapResult
    findings : sequence of Finding
    kind : str
        What was checked: ``jacobian``, ``hessian`` and so on.
    target : str
    seed : int
    rtol, seconds : float
    notes : sequence of str
        In addition to those of the check.
    evaluations : int, optional
        By default the calls of the map.
    """
    name_of = pair_names(result.subject)
    calls = result.subject.evaluations.calls if evaluations is None else evaluations
    return Report(
        version=__version__,
        target=target,
        verdict=result.verdict,
        method="gradcheck",
        seed=seed,
        rtol=rtol,
        loss=math.nan,
        noise=math.nan,
        evaluations=calls,
        gradients=result.subject.claim.calls,
        seconds=seconds,
        blocks={name_of(pair): _block(result, pair, name_of(pair)) for pair in result.pairs},
        findings=tuple(findings),
        notes=tuple(dict.fromkeys((*map(worded, result.whole.notes), *notes))),
        kind=kind,
    )


def _block(result: MapResult, pair: PairResult, name: str) -> BlockReport:
    subject = result.subject
    shape = (*subject.outputs.shapes[pair.output], *subject.blocks[pair.block].shape)
    passes = pair.verdict is Verdict.PASS
    known = passes and pair.resolution.block is not None
    gap, bar = (pair.resolution.gap, pair.resolution.error_bar) if known else _gap(pair)
    norm = _claimed_norm(result, pair)
    agreed = passes and not pair.entries and pair.result.measured
    numeric: float | None = norm if agreed and not math.isnan(norm) else None
    if pair.complete and pair.entries:
        numeric = math.hypot(*(entry.numeric for entry in pair.entries))
    return BlockReport(
        name=name,
        shape=shape,
        dtype=subject.blocks[pair.block].dtype,
        verdict=pair.verdict,
        claimed_norm=norm,
        numeric_norm=numeric,
        relative_error=gap,
        error_bar=bar,
        resolution=stated(pair.resolution.entry) if passes else None,
        block_resolution=pair.resolution.block if passes else None,
        worst=pair.worst,
        entries=pair.entries,
        where=pair.place.value,
        note=worded(pair.note),
        curve=_curve(pair),
    )


def _curve(pair: PairResult) -> tuple[StepGap, ...]:
    """The error against the steps of the line that decided; none where it moves pairs of other verdicts as well."""
    if pair.result.screening is None or pair.verdict is not pair.result.verdict:
        return ()
    comparison = pair.result.screening.comparison
    return step_gaps(comparison.claimed, comparison.estimate.differences, _scale(comparison))


def _gap(pair: PairResult) -> tuple[float, float]:
    """The largest relative gap of an entry that was measured; else that of the line that decided."""
    wrong = [entry for entry in pair.entries if entry.wrong]
    found = [(abs(e.gap), e.error, max(abs(e.claimed), abs(e.numeric))) for e in wrong]
    gaps = [(gap / scale, bar / scale) for gap, bar, scale in found if scale > 0]
    if gaps:
        return max(gaps)
    if pair.result.screening is None:
        return math.nan, math.nan
    comparison = pair.result.screening.comparison
    scale = _scale(comparison)
    return (abs(comparison.gap) / scale, comparison.error_bar / scale) if scale > 0 else (math.nan, math.nan)


def _scale(comparison: Comparison) -> float:
    """What the gap along a line is relative to."""
    return max(comparison.norm, abs(comparison.estimate.value))


def _claimed_norm(result: MapResult, pair: PairResult) -> float:
    """Norm of the claimed block; NaN where it is not a matrix."""
    if pair.complete and pair.entries:
        return math.hypot(*(entry.claimed for entry in pair.entries))
    matrix = result.subject.claimed_matrix(result.subject.point)
    block = None if matrix is None else matrix.blocks.get((pair.output, pair.block))
    dense = getattr(block, "matrix", None)
    if dense is None or (matrix is not None and matrix.whole):
        return math.nan
    values = dense if isinstance(dense, np.ndarray) else dense.tocoo().data
    return float(np.linalg.norm(np.asarray(values).ravel()))
