"""The textbook gradient check: two-sided differences with a fixed step, and one ratio of norms.

The ratio is ‖claimed - numeric‖ / (‖claimed‖ + ‖numeric‖) over all entries. Below 1e-7 the gradient is taken to be
right, above 1e-3 wrong, and in between the check is inconclusive (A. Ng, *Improving Deep Neural Networks*, week 1,
"Gradient checking"). The step of 1e-4 is that of the *UFLDL tutorial*, "Gradient checking and advanced optimization".
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from gradcheck._version import __version__
from gradcheck.checks.options import Workers, budget_of, mapping_of
from gradcheck.checks.progress import progress_callback
from gradcheck.errors import SubjectError
from gradcheck.probes.evaluator import Evaluator, Progress
from gradcheck.reports.data import BlockReport
from gradcheck.reports.report import Report
from gradcheck.settings import current
from gradcheck.subjects.subject import Point, Subject, copied
from gradcheck.verdicts.verdict import Verdict

Index = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TextbookSettings:
    """The numbers of the textbook check.

    Attributes
    ----------
    step : float
        Step of the differences, the same for every entry.
    pass_below, fail_above : float
        Ratios up to which the gradient passes, and above which it fails.
    at_once : int
        Entries whose differences are evaluated together, at the same time if there are workers.
    """

    step: float = 1e-4
    pass_below: float = 1e-7
    fail_above: float = 1e-3
    at_once: int = 64


TEXTBOOK = TextbookSettings()


def textbook(
    subject: Subject,
    *,
    seed: int,
    budget: int | None = None,
    workers: Workers = None,
    progress: bool | Progress = False,
) -> Report:
    """Check every entry by the textbook method.

    Parameters
    ----------
    subject : Subject
    seed : int
        Copied to the report; the method is not random.
    budget : int, optional
        Largest number of evaluations of the loss; by default as many as there are entries for.
    workers, progress
        As for `check_gradients`.

    Returns
    -------
    Report
        With ``method == 'textbook'``. `relative_error` of a block is its ratio. The ratio of all blocks together is in
        `notes` and decides the verdict. There is no error bar and no resolution. Where a step leaves the domain of the
        loss the verdict is undecided.

    Raises
    ------
    SubjectError
        If the budget does not suffice for all entries.
    """
    started = time.perf_counter()
    needed = 1 + 2 * sum(block.size for block in subject.blocks)
    limit = _limit(budget, needed)
    with (
        mapping_of(workers, subject) as mapper,
        progress_callback(progress, subject.name, limit) as callback,
        subject.session(),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore", RuntimeWarning)
        evaluator = Evaluator(subject, limit, callback, mapper)
        evaluator.enter("every entry")
        loss = evaluator.loss(copied(subject.point))
        claim = tuple(np.array(g, dtype=np.float64) for g in evaluator.gradient(copied(subject.point)))
        numeric = tuple(_differences(evaluator, block) for block in range(len(subject.point)))
    whole, verdict = _ratio(claim, numeric), _verdict_of(claim, numeric)
    blocks = {
        block.name: BlockReport(
            name=block.name,
            shape=block.shape,
            dtype=block.dtype,
            verdict=_verdict_of((g,), (n,)),
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
    ratio = "‖claimed - numeric‖ / (‖claimed‖ + ‖numeric‖)"
    meaning = _MEANING[verdict] if math.isfinite(whole) or verdict is Verdict.FAIL else LEFT_DOMAIN
    note = f"{ratio} = {whole:.1e} with a step of {TEXTBOOK.step:g}: {meaning}"
    return Report(
        version=__version__,
        target=subject.name,
        verdict=verdict,
        method="textbook",
        seed=seed,
        rtol=TEXTBOOK.pass_below,
        loss=loss,
        noise=math.nan,
        evaluations=evaluator.losses,
        gradients=evaluator.gradients,
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


#: Said where a difference is not a number.
LEFT_DOMAIN = "undecided, since such a step leaves the domain of the loss; method='gradcheck' takes shorter ones there"


def _limit(budget: int | None, needed: int) -> int:
    """The evaluations that may be spent: what is needed, unless a budget is set."""
    if budget is None and current().budget is None:
        return needed
    limit = budget_of(budget)
    if limit < needed:
        raise SubjectError(
            f"budget is {limit}: method='textbook' takes {needed} evaluations of the loss, two for each entry: pass "
            f"budget={needed} or more, or use method='gradcheck', whose cost does not grow with their number"
        )
    return limit


def _differences(evaluator: Evaluator, block: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """The differences of all entries of a block; NaN where the loss is not defined at both points."""
    subject = evaluator.subject
    result = np.zeros(subject.point[block].shape)
    for some in _batched(np.ndindex(result.shape), TEXTBOOK.at_once):
        points = []
        for index in some:
            for step in (TEXTBOOK.step, -TEXTBOOK.step):
                point = copied(subject.point)
                point[block][index] += step
                points.append(point)
        values = evaluator.losses_of(points)
        for index, ahead, back in zip(some, values[::2], values[1::2], strict=True):
            result[index] = (ahead - back) / (2 * TEXTBOOK.step)
    return result


def _batched(indices: Iterable[Index], size: int) -> Iterator[tuple[Index, ...]]:
    """Indices in groups; that of `itertools` comes with Python 3.12."""
    following = iter(indices)
    while group := tuple(islice(following, size)):
        yield group


def _ratio(claim: Point, numeric: Point) -> float:
    gap = _norm(tuple(g - n for g, n in zip(claim, numeric, strict=True)))
    size = _norm(claim) + _norm(numeric)
    return 0.0 if size == 0 else gap / size


def _verdict_of(claim: Point, numeric: Point) -> Verdict:
    ratio = _ratio(claim, numeric)
    if ratio <= TEXTBOOK.pass_below:
        return Verdict.PASS
    if math.isfinite(_norm(claim)) and not math.isfinite(_norm(numeric)):
        return Verdict.UNDECIDED
    return Verdict.FAIL if not ratio <= TEXTBOOK.fail_above else Verdict.UNDECIDED


def _norm(arrays: Point) -> float:
    return math.hypot(*(float(np.linalg.norm(array.ravel())) for array in arrays))
