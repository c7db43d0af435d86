"""Judges cases: the right gradient of a source and the mistakes planted in it, one record each."""

from __future__ import annotations

import itertools
import math
import sys
import traceback
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

import gradcheck
from benchmarks.strangers.derivative import Arrays, Derivative, NotApplicable, Source, copied, finite, rng_for
from benchmarks.strangers.mistakes import BY_BLOCK, DETACHED, RESOLUTION, SMALL, Planted, at_resolution, plant


@dataclass(frozen=True)
class Record:
    """What was said of one case.

    Attributes
    ----------
    case : str
        ``source/function#number``, and ``:kind`` of a planted mistake.
    source, family : str
    kind : str
        Kind of the mistake; empty for the right gradient.
    detail : str
        The mistake.
    verdict : str
        Of the report; "crash" where the check raised an exception.
    wrong : mapping
        The blocks that are wrong, with the size of the largest relative error of an entry.
    blocks : mapping
        Of each block: verdict, resolution, error bar, and note.
    above : mapping
        Blocks that passed although their error is above the stated resolution, with the ratio of the two.
    accused : tuple of str
        Right blocks that failed.
    evaluations, entries : int
    error : str
        The traceback of a crash.
    fault : str
        Why the library's own gradient is wrong; such a case is neither right nor planted.
    hidden : tuple of str
        Blocks whose effect on the loss is lost in its rounding, as measured without gradcheck.
    """

    case: str
    source: str
    family: str
    kind: str
    detail: str
    verdict: str
    wrong: dict[str, float] = field(default_factory=dict)
    blocks: dict[str, dict[str, Any]] = field(default_factory=dict)
    above: dict[str, float] = field(default_factory=dict)
    accused: tuple[str, ...] = ()
    evaluations: int = 0
    entries: int = 0
    error: str = ""
    fault: str = ""
    hidden: tuple[str, ...] = ()

    @property
    def beyond_arithmetic(self) -> bool:
        """Whether an undecided report is about blocks that no difference can show."""
        left = [name for name, block in self.blocks.items() if block["verdict"] == "undecided"]
        return self.verdict == "undecided" and bool(left) and set(left) <= set(self.hidden)

    @property
    def passed_above(self) -> bool:
        """Whether a planted mistake above the stated resolution passed."""
        return self.verdict == "pass" and bool(self.above)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def derivative_of(source: Source, name: str, number: int, seed: int) -> tuple[Derivative, Arrays]:
    """The derivative of a case, and its right gradient at the point.

    Raises
    ------
    NotApplicable
        If there is nothing to check.
    """
    derivative = source.build(name, rng_for(seed, source.name, name, str(number)))
    if not derivative.x0 or not finite(derivative.x0):
        raise NotApplicable("the point is empty or not finite")
    value = float(derivative.fun(copied(derivative.x0)))
    right = copied(derivative.grad(copied(derivative.x0)))
    if not math.isfinite(value) or not finite(right):
        raise NotApplicable("loss or gradient is not finite")
    for block, g in right.items():
        if g.shape != derivative.x0[block].shape:
            raise NotApplicable(f"the gradient of {block} has another shape")
    return derivative, right


def judge(
    source: Source, name: str, number: int, seed: int, mistakes: int, only: str | None = None
) -> Iterator[Record]:
    """Judge the right gradient and some mistakes planted in it; with `only`, the mistake of that kind."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            derivative, right = derivative_of(source, name, number, seed)
        except NotApplicable:
            return
        except Exception as error:  # other versions of a package may lack a function that is not public
            print(f"{source.name}/{name}#{number} cannot be built: {error!r}", file=sys.stderr)
            return
        case = f"{source.name}/{name}#{number}"
        record, report = judged(source, case, derivative, right, None, seed)
        if record.verdict == "undecided":
            record = replace(record, hidden=hidden_by_rounding(derivative, right, rng_for(seed, case, "rounding")))
        if record.verdict == "fail" and not derivative.fault:
            derivative = replace(
                derivative, fault=disagreement(derivative, record.accused, rng_for(seed, case, "modes"))
            )
            record = replace(record, fault=derivative.fault)
        if only is None or only == "":
            yield record
        if record.verdict == "crash" or derivative.fault:
            return
        resolutions = {block: (one.resolution if one.passes else None) for block, one in report.blocks.items()}
        for planted in planted_in(derivative, right, resolutions, case, seed, mistakes, only):
            yield judged(source, f"{case}:{planted.kind}", derivative, right, planted, seed)[0]


#: At so many points beside the point the rounding of a loss is measured.
ROUNDINGS = 9

#: Forward and reverse mode differ by less than this unless one of them is wrong.
MODES = 1e-6

#: How far the points are at which they are compared: the point itself, and as far as a generic point is.
DISTANCES = (0.0, 0.1, 0.1, 0.2, 0.2, 0.3)


def disagreement(derivative: Derivative, accused: Iterable[str], rng: np.random.Generator) -> str:
    """Say where the library's forward and reverse mode differ in an accused block; empty if they agree.

    Also empty if the library has reverse mode only.
    """
    if derivative.forward is None:
        return ""
    for block, distance in itertools.product(accused, DISTANCES):
        x = {key: value * (1 + distance * rng.uniform(-1, 1, value.shape)) for key, value in derivative.x0.items()}
        try:
            g = derivative.grad(copied(x))[block]
            for index in rng.permutation(g.size)[:20]:
                v = {key: np.zeros_like(value) for key, value in x.items()}
                v[block].flat[index] = 1.0
                forward, reverse = derivative.forward(copied(x), v), float(g.flat[index])
                scale = max(abs(forward), abs(reverse), SMALL * float(np.median(np.abs(g))))
                if abs(forward - reverse) > MODES * scale:
                    return f"{block}: reverse mode gives {reverse:.9g} and forward mode {forward:.9g}"
        except Exception:  # an operator without a forward mode
            return ""
    return ""


#: A block is hidden whose whole effect is less than the rounding error of the loss, divided by this.
VISIBLE = 1e-6


def hidden_by_rounding(derivative: Derivative, right: Arrays, rng: np.random.Generator) -> tuple[str, ...]:
    """The blocks that change the loss, when they move by as much as they are, by less than a million roundings of it.

    Central differences then lack digits of the five that the default `rtol` asks for. The rounding is what the loss
    changes by when all entries change by a few units in the last place, less what the gradient says.
    """
    value = float(derivative.fun(copied(derivative.x0)))
    left = []
    for _ in range(ROUNDINGS):
        moved = {name: x + rng.integers(-4, 5, x.shape) * np.spacing(x) for name, x in derivative.x0.items()}
        slope = sum(float(np.sum(right[name] * (moved[name] - x))) for name, x in derivative.x0.items())
        left.append(abs(float(derivative.fun(copied(moved))) - value - slope))
    rounding = max(float(np.median(left)), float(np.spacing(abs(value))))
    sizes = {name: np.maximum(np.abs(x), np.sqrt(np.mean(x**2))) for name, x in derivative.x0.items()}
    return tuple(name for name, size in sizes.items() if np.linalg.norm(right[name] * size) * VISIBLE < rounding)


def planted_in(
    derivative: Derivative,
    right: Arrays,
    resolutions: dict[str, float | None],
    case: str,
    seed: int,
    mistakes: int,
    only: str | None,
) -> Iterator[Planted]:
    """Draw different mistakes; one that changes nothing is replaced by the next kind."""
    order = rng_for(seed, case, "mistakes").permutation([*BY_BLOCK, DETACHED, RESOLUTION]).tolist()
    found = 0
    for kind in order:
        if (found == mistakes and only is None) or only == "":
            return
        if only is not None and kind != only:
            continue
        rng = rng_for(seed, case, kind)
        if kind == RESOLUTION:
            planted = at_resolution(rng, derivative, right, resolutions)
        else:
            planted = plant(rng, derivative, right, kind)
        if planted is not None:
            found += 1
            yield planted


def judged(
    source: Source, case: str, derivative: Derivative, right: Arrays, planted: Planted | None, seed: int
) -> tuple[Record, Any]:
    """The record and the report of one case."""
    grad = derivative.grad if planted is None else planted.grad
    kind, detail = ("", "") if planted is None else (planted.kind, planted.detail)
    plain = case.partition(":")[0] if kind == RESOLUTION else case  # the report that stated it has the same directions
    start = int(rng_for(seed, plain, "check").integers(2**31))
    entries = sum(g.size for g in right.values())
    try:
        accuracy = 0.0 if source.exact and derivative.exact else None
        x0 = copied(derivative.x0)
        report = gradcheck.check_gradients(derivative.fun, grad, x0, rng=start, loss_accuracy=accuracy)
    except Exception:
        text = traceback.format_exc()
        return Record(
            case, source.name, source.family, kind, detail, "crash", {}, {}, {}, (), 0, entries, text, derivative.fault
        ), None
    wrong = {} if planted is None else planted.sizes
    blocks = {name: _block(block) for name, block in _named(report, right).items()}
    above = {} if planted is None else _above(report, right, wrong)
    above = {name: ratio for name, ratio in above.items() if not disagreement(derivative, [name], rng_for(seed, case))}
    accused = tuple(name for name, block in blocks.items() if block["verdict"] == "fail" and name not in wrong)
    if planted is not None and accused:
        accused = tuple(name for name in accused if not _differ_nearby(derivative, planted, name, rng_for(seed, case)))
    return Record(
        case,
        source.name,
        source.family,
        kind,
        detail,
        report.verdict.value,
        wrong,
        blocks,
        above,
        accused,
        report.evaluations,
        entries,
        fault=derivative.fault,
    ), report


def _differ_nearby(derivative: Derivative, planted: Planted, block: str, rng: np.random.Generator) -> bool:
    """Whether a mistake that changes nothing in a block at the point does so close to it."""
    for distance in DISTANCES:
        x = {key: value * (1 + distance * rng.uniform(-1, 1, value.shape)) for key, value in derivative.x0.items()}
        if not np.array_equal(planted.grad(copied(x))[block], derivative.grad(copied(x))[block], equal_nan=True):
            return True
    return False


def _named(report: gradcheck.Report, right: Arrays) -> dict[str, gradcheck.BlockReport]:
    """The blocks of a report by the names of the gradient."""
    return {name: report.blocks[name] for name in right if name in report.blocks}


def _block(block: gradcheck.BlockReport) -> dict[str, Any]:
    return {
        "verdict": block.verdict.value,
        "claimed": block.claimed_norm,
        "error": block.relative_error,
        "bar": block.error_bar,
        "resolution": block.resolution,
        "where": block.where,
        "note": block.note,
    }


def _above(report: gradcheck.Report, right: Arrays, wrong: dict[str, float]) -> dict[str, float]:
    """Blocks that passed with an error above their stated resolution, and the ratio of the two.

    Where a claim of zero passed, the report states the largest root mean square of entries that it would have missed.
    """
    found = {}
    for name, block in _named(report, right).items():
        if not block.passes or name not in wrong:
            continue
        if block.resolution is not None:
            ratio = wrong[name] / block.resolution
        else:
            rms = float(np.sqrt(np.mean(right[name] ** 2)))
            ratio = rms / block.error_bar if block.error_bar > 0 else math.inf
        if ratio > 1:
            found[name] = ratio
    return found
