"""The textbook gradient check: two-sided differences with a fixed step, and one ratio of norms.

The ratio is ‖claimed - numeric‖ / (‖claimed‖ + ‖numeric‖) over all entries. Below 1e-7 the gradient is taken to be
right, above 1e-3 wrong, and in between the check is inconclusive (A. Ng, *Improving Deep Neural Networks*, week 1,
"Gradient checking"). The step of 1e-4 is that of the *UFLDL tutorial*, "Gradient checking and advanced optimization".
"""

from __future__ import annotations

import math
import time
import warnings
from dataclasses import dataclass

import numpy as np

from gradcheck.reports.data import BlockReport
from gradcheck.reports.report import Report
from gradcheck.subjects.subject import Point, Subject, copied
from gradcheck.verdicts.verdict import Verdict


@dataclass(frozen=True, slots=True)
class TextbookSettings:
    """The numbers of the textbook check.

    Attributes
    ----------
    step : float
        Step of the differences, the same for every entry.
    pass_below, fail_above : float
        Ratios up to which the gradient passes, and above which it fails.
    """

    step: float = 1e-4
    pass_below: float = 1e-7
    fail_above: float = 1e-3


TEXTBOOK = TextbookSettings()


def textbook(subject: Subject, *, seed: int, version: str) -> Report:
    """Check every entry by the textbook method.

    Parameters
    ----------
    subject : Subject
    seed : int
        Copied to the report; the method is not random.
    version : str

    Returns
    -------
    Report
        With ``method == 'textbook'``. `relative_error` of a block is its ratio. The ratio of all blocks together is in
        `notes` and decides the verdict. There is no error bar and no resolution.
    """
    started = time.perf_counter()
    with subject.session(), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        loss = subject.loss(copied(subject.point))
        claim = tuple(np.array(g, dtype=np.float64) for g in subject.gradient(copied(subject.point)))
        numeric = tuple(_differences(subject, block) for block in range(len(subject.point)))
    whole = _ratio(claim, numeric)
    verdict = _verdict_of(whole)
    blocks = {
        block.name: BlockReport(
            name=block.name,
            shape=block.shape,
            dtype=block.dtype,
            verdict=_verdict_of(_ratio((g,), (n,))),
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
    ratio = "‖claimed - numeric‖ / (‖claimed‖ + ‖numeric‖)"
    note = f"{ratio} = {whole:.1e} with a step of {TEXTBOOK.step:g}: {_MEANING[verdict]}"
    return Report(
        version=version,
        target=subject.name,
        verdict=verdict,
        method="textbook",
        seed=seed,
        rtol=TEXTBOOK.pass_below,
        loss=loss,
        noise=math.nan,
        evaluations=1 + 2 * entries,
        gradients=0 if subject.only_here else 1,
        seconds=time.perf_counter() - started,
        blocks=blocks,
        notes=(note, *subject.notes()),
    )


_MEANING = {
    Verdict.PASS: f"right, since it is below {TEXTBOOK.pass_below:g}",
    Verdict.UNDECIDED: f"undecided, since it is between {TEXTBOOK.pass_below:g} and {TEXTBOOK.fail_above:g}; "
    "method='gradcheck' decides with an error bar",
    Verdict.FAIL: f"wrong, since it is not below {TEXTBOOK.fail_above:g}",
}


def _differences(subject: Subject, block: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    result = np.zeros(subject.point[block].shape)
    for index in np.ndindex(result.shape):
        values = []
        for step in (TEXTBOOK.step, -TEXTBOOK.step):
            point = copied(subject.point)
            point[block][index] += step
            values.append(subject.loss(point))
        result[index] = (values[0] - values[1]) / (2 * TEXTBOOK.step)
    return result


def _ratio(claim: Point, numeric: Point) -> float:
    gap = _norm(tuple(g - n for g, n in zip(claim, numeric, strict=True)))
    size = _norm(claim) + _norm(numeric)
    return 0.0 if size == 0 else gap / size


def _verdict_of(ratio: float) -> Verdict:
    if ratio <= TEXTBOOK.pass_below:
        return Verdict.PASS
    return Verdict.FAIL if not ratio <= TEXTBOOK.fail_above else Verdict.UNDECIDED


def _norm(arrays: Point) -> float:
    return math.hypot(*(float(np.linalg.norm(array.ravel())) for array in arrays))
