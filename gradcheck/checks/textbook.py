"""The gradient check of the lectures, as a named method beside the project's own.

Two-sided differences with one fixed step in every entry, and one ratio for all of them together,
‖claimed - numeric‖ / (‖claimed‖ + ‖numeric‖), read as the lectures read it: below 1e-7 it is right, above 1e-3 it is
wrong,
in between one should look again. (A. Ng, *Improving Deep Neural Networks*, week 1, "Gradient checking"; the step of
1e-4 is that of the *UFLDL tutorial*, "Gradient checking and advanced optimization".)
"""

from __future__ import annotations

import math
import time
import warnings
from dataclasses import replace

import numpy as np

from gradcheck.reports.data import BlockReport
from gradcheck.reports.report import Report
from gradcheck.subjects.subject import Point, Subject
from gradcheck.verdicts.verdict import Verdict

STEP = 1e-4
RIGHT, WRONG = 1e-7, 1e-3


def textbook(subject: Subject, *, seed: int, version: str) -> Report:
    """Check every entry with the fixed step.

    Parameters
    ----------
    subject : Subject
    seed : int
        Not used: nothing here is random. Kept in the report.
    version : str

    Returns
    -------
    Report
        With ``method == 'textbook'``. `relative_error` is the ratio, of each block; the ratio of the whole is in
        `notes` and decides the verdict. There is no error bar, and no resolution.
    """
    started = time.perf_counter()
    with subject.session(), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        loss = subject.loss(_copy(subject.point))
        claim = tuple(np.array(g, dtype=np.float64) for g in subject.gradient(_copy(subject.point)))
        numeric = tuple(_differences(subject, block) for block in range(len(subject.point)))
    whole = _ratio(claim, numeric)
    verdict = _reading(whole)
    blocks = {
        block.name: BlockReport(
            name=block.name,
            shape=block.shape,
            dtype=block.dtype,
            verdict=_reading(_ratio((g,), (n,))),
            claimed_norm=_norm((g,)),
            numeric_norm=_norm((n,)),
            relative_error=_ratio((g,), (n,)),
            error_bar=math.nan,
            resolution=None,
            block_resolution=None,
            worst=None,
            entries=(),
            where="your point",
            note="",
        )
        for block, g, n in zip(subject.blocks, claim, numeric, strict=True)
    }
    entries = sum(block.size for block in subject.blocks)
    note = f"‖claimed - numeric‖ / (‖claimed‖ + ‖numeric‖) = {whole:.1e} with a step of {STEP:g}: {_WORDS[verdict]}"
    report = Report(
        version=version,
        target=subject.name,
        verdict=verdict,
        method="textbook",
        seed=seed,
        rtol=RIGHT,
        loss=loss,
        noise=math.nan,
        evaluations=1 + 2 * entries,
        gradients=1,
        seconds=0.0,
        blocks=blocks,
        notes=(note,),
    )
    return replace(report, seconds=time.perf_counter() - started)


_WORDS = {
    Verdict.PASS: f"below {RIGHT:g}, right",
    Verdict.UNDECIDED: f"between {RIGHT:g} and {WRONG:g}, look again: method='gradcheck' tells with an error bar",
    Verdict.FAIL: f"above {WRONG:g}, wrong",
}


def _differences(subject: Subject, block: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    result = np.zeros(subject.point[block].shape)
    for index in np.ndindex(result.shape):
        values = []
        for step in (STEP, -STEP):
            point = _copy(subject.point)
            point[block][index] += step
            values.append(subject.loss(point))
        result[index] = (values[0] - values[1]) / (2 * STEP)
    return result


def _ratio(claim: Point, numeric: Point) -> float:
    gap = _norm(tuple(g - n for g, n in zip(claim, numeric, strict=True)))
    size = _norm(claim) + _norm(numeric)
    return 0.0 if size == 0 else gap / size


def _reading(ratio: float) -> Verdict:
    if ratio <= RIGHT:
        return Verdict.PASS
    return Verdict.FAIL if not ratio <= WRONG else Verdict.UNDECIDED


def _norm(arrays: Point) -> float:
    return math.hypot(*(float(np.linalg.norm(array.ravel())) for array in arrays))


def _copy(point: Point) -> Point:
    return tuple(x.copy() for x in point)
