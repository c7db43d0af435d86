"""Runs one case again: its report, and a table of differences in the entry that it accuses most."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from benchmarks.strangers.derivative import Arrays, copied
from benchmarks.strangers.judging import derivative_of, judged, planted_in
from benchmarks.strangers.sources import SOURCES


def parsed(case: str) -> tuple[str, str, int, str]:
    """Source, function, number and kind of a case's name."""
    source, rest = case.split("/", 1)
    name, tail = rest.rsplit("#", 1)
    number, _, kind = tail.partition(":")
    return source, name, int(number), kind


def again(case: str, seed: int) -> str:
    """The report of one case and differences that do not use this package."""
    source_name, name, number, kind = parsed(case)
    source = SOURCES[source_name]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        derivative, right = derivative_of(source, name, number, seed)
        plain = case.partition(":")[0] if kind else case
        record, report = judged(source, plain, derivative, right, None, seed)
        if kind:
            resolutions = {block: one.resolution for block, one in report.blocks.items()}
            planted = next(planted_in(derivative, right, resolutions, plain, seed, 1, kind))
            record, report = judged(source, case, derivative, right, planted, seed)
        lines = [str(report) if report is not None else record.error, "", str(record.detail), f"wrong: {record.wrong}"]
        for block, g in right.items():
            worst = report.blocks[block].worst if report is not None and block in report.blocks else None
            index = worst.index if worst else np.unravel_index(int(np.abs(g).argmax()), g.shape)
            lines += ["", f"{block}{[int(i) for i in index]}: the library's gradient is {g[index]!r}"]
            lines += differences(derivative.fun, derivative.x0, block, tuple(int(i) for i in index))
    return "\n".join(lines)


def differences(fun: Callable[[Arrays], float], x0: Arrays, block: str, index: tuple[int, ...]) -> list[str]:
    """Central differences and their extrapolation at many steps."""
    lines = []
    size = abs(float(x0[block][index])) or float(np.abs(x0[block]).max()) or 1.0

    def central(h: float) -> float:
        values = []
        for sign in (1, -1):
            x = copied(x0)
            x[block][index] += sign * h
            values.append((float(fun(x)), float(x[block][index])))
        return (values[0][0] - values[1][0]) / (values[0][1] - values[1][1])

    for power in range(-3, -41, -3):
        h = size * 2.0**power
        lines.append(f"  step {h:9.2e}: {central(h)!r}, extrapolated {(4 * central(h / 2) - central(h)) / 3!r}")
    return lines
