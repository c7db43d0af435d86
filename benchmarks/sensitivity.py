"""How far each number that decides something may be changed before a verdict changes.

Every field of the settings values of `differences`, `subjects.spaces`, `probes`, `verdicts` and `diagnosis` is divided
and multiplied by 2 and by 4, one at a time, and a sample of the corpus is checked again: right gradients and planted
mistakes, as they are and under noise, on kinks, near edges, over units and scales.

Run as ``python -m benchmarks.sensitivity [--problems N] [--seed N] [--workers N] [--only ROOM] [--output PATH]``.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from benchmarks.corpus import problems
from benchmarks.corpus.cases import Case, cases
from benchmarks.corpus.conditions import CONDITIONS
from benchmarks.corpus.mistakes import MISTAKES
from benchmarks.corpus.problem import blocks, rng_for
from benchmarks.output import add_output, write
from gradcheck import check_gradients
from gradcheck.diagnosis.settings import DIAGNOSIS
from gradcheck.differences.settings import CONFIRMATION, NOISE, STEPS
from gradcheck.probes.settings import PROBES
from gradcheck.subjects.spaces.settings import SPACES
from gradcheck.verdicts.settings import VERDICTS

#: The settings values of each room.
ROOMS: dict[str, tuple[Any, ...]] = {
    "differences": (NOISE, STEPS, CONFIRMATION),
    "spaces": (SPACES,),
    "probes": (PROBES,),
    "verdicts": (VERDICTS,),
    "diagnosis": (DIAGNOSIS,),
}

#: By what a number is multiplied; to an exponent of two the logarithm is added.
FACTORS = (0.25, 0.5, 2.0, 4.0)

#: Fields that are exponents of two.
EXPONENTS = {
    "spacing",
    "finer",
    "coarser",
    "smallest",
    "largest",
    "first_exponent",
    "next_exponent",
    "strides",
}

#: Fields that are facts (bits of types), or that others are defined by.
FACTS = {"narrow_mantissas", "relevance", "single_bits", "own_size_bits", "run", "places"}

#: Problems of more entries than this are left out: a failing check of them takes a while.
LARGEST_PROBLEM = 2000


@dataclass(frozen=True)
class Outcome:
    """What a check of one case said."""

    right: bool
    verdict: str
    codes: tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """One field, changed by one factor, and how often what it decides came out otherwise.

    Attributes
    ----------
    room, field : str
    factor : float
    changed : Counter
        What changed, in the words of the table, and how often.
    """

    room: str
    field: str
    factor: float
    changed: Counter[str]


def sample(count: int, seed: int) -> list[Case]:
    """Right gradients and planted mistakes in turn, the conditions of the corpus evenly: noise, kinks, edges, units."""
    small = [p for p in problems() if sum(int(np.size(b)) for b in blocks(p.x0).values()) <= LARGEST_PROBLEM]
    rng = rng_for(seed, "sensitivity")
    chosen: list[Case] = []
    while len(chosen) < count:
        condition = CONDITIONS[len(chosen) // 2 % len(CONDITIONS)]
        special = condition.name.startswith(("on-", "near-"))
        eligible = [p for p in small if not special or condition.name in p.special]
        problem = eligible[int(rng.integers(len(eligible)))]
        mistake = MISTAKES[int(rng.integers(len(MISTAKES)))]
        found = list(cases(seed, [problem], [condition], [mistake]))
        if found:
            chosen.append(found[-1 if len(chosen) % 2 else 0])
    return chosen


def outcomes(chosen: Sequence[Case], seed: int) -> list[Outcome]:
    """Check every case of the sample."""
    found = []
    for case in chosen:
        try:
            report = check_gradients(case.problem.fun, case.problem.grad, case.problem.x0, rng=seed)
        except Exception as error:  # a setting that cannot be used at all
            found.append(Outcome(case.mistake is None, type(error).__name__, ()))
            continue
        codes = tuple(sorted(finding.code for finding in report.findings))
        found.append(Outcome(case.mistake is None, report.verdict.value, codes))
    return found


@contextmanager
def changed(settings: Any, name: str, factor: float) -> Iterator[None]:
    """Change one field of a settings value, in this process alone; it is put back."""
    before = getattr(settings, name)
    object.__setattr__(settings, name, scaled(name, before, factor))
    try:
        yield
    finally:
        object.__setattr__(settings, name, before)


def scaled(name: str, value: Any, factor: float) -> Any:
    """A number times a factor; an exponent plus its logarithm; whole numbers stay whole, and positive."""
    if isinstance(value, tuple):
        return tuple(scaled(name, item, factor) for item in value)
    if name in EXPONENTS:
        return value + int(np.log2(factor))
    if isinstance(value, int):
        return max(1, round(value * factor))
    return value * factor


def describe(before: Outcome, after: Outcome, by_code: bool) -> str | None:
    """What changed, in the words of the table; None if nothing did."""
    if before.verdict != after.verdict:
        if after.verdict == "fail" and before.right:
            return "false alarm"
        if after.verdict == "pass" and not before.right:
            return "mistake passed"
        return f"{before.verdict} → {after.verdict}"
    return "another name" if by_code and before.codes != after.codes else None


def measure(task: tuple[str, int, str, tuple[float, ...], int, int]) -> list[Change]:
    """Change one field by every factor."""
    room, number, name, factors, count, seed = task
    chosen = sample(count, seed)
    found = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        usual = outcomes(chosen, seed)
        for factor in factors:
            with changed(ROOMS[room][number], name, factor):
                other = outcomes(chosen, seed)
            differences = (describe(a, b, room == "diagnosis") for a, b in zip(usual, other, strict=True))
            found.append(Change(room, name, factor, Counter(text for text in differences if text)))
    return found


def table(changes: Sequence[Change], count: int, seed: int) -> str:
    """The page for the docs."""
    lines = [
        "# Sensitivity",
        "",
        f"Each number that decides something, divided and multiplied by 2 and by 4, over {count} cases of the corpus",
        f"(half right, half wrong; seed {seed}). *Steady*: the factors that change no verdict (for the diagnosis: no",
        "name either). *Beyond*: what the other factors change. A number that may be changed by 4 either way is not",
        "tuned to the corpus; the reason for each number is in the docstring of the settings value that holds it.",
        "Made by `python -m benchmarks.sensitivity`.",
        "",
        "| room | setting | value | steady | beyond |",
        "|---|---|---|---|---|",
    ]
    by_field: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        by_field.setdefault((change.room, change.field), []).append(change)
    for (room, name), some in by_field.items():
        value = next(getattr(s, name) for s in ROOMS[room] if hasattr(s, name))
        steady = [change.factor for change in some if not change.changed]
        low = min([factor for factor in steady if factor < 1 and _unbroken(factor, some)], default=1.0)
        high = max([factor for factor in steady if factor > 1 and _unbroken(factor, some)], default=1.0)
        beyond = [
            f"×{change.factor:g}: " + ", ".join(f"{n} {text}" for text, n in sorted(change.changed.items()))
            for change in some
            if change.changed
        ]
        lines.append(f"| {room} | `{name}` | {_short(value)} | ×{low:g} to ×{high:g} | {'; '.join(beyond)} |")
    serious = Counter[str]()
    for change in changes:
        serious.update({text: n for text, n in change.changed.items() if text in ("false alarm", "mistake passed")})
    lines += [
        "",
        f"{len(by_field)} settings; {sum(not c.changed for c in changes)} of {len(changes)} changes have no effect on "
        f"any of the {count} verdicts; {serious['false alarm']} false alarms and {serious['mistake passed']} passed "
        "mistakes over all of them.",
        "",
    ]
    return "\n".join(lines)


def _unbroken(factor: float, some: Sequence[Change]) -> bool:
    """Whether no factor between this one and 1 changes anything."""
    between = [c for c in some if (factor <= c.factor < 1) or (1 < c.factor <= factor)]
    return all(not c.changed for c in between)


def _short(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_short, value)) if len(value) <= 4 else f"{_short(value[0])}, …, {_short(value[-1])}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, run, and write the page."""
    parser = argparse.ArgumentParser(description="How far settings may be changed before a verdict changes.")
    parser.add_argument("--problems", type=int, default=60, metavar="N", help="cases in the sample")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", choices=sorted(ROOMS), help="the settings of one room")
    add_output(parser)
    options = parser.parse_args(arguments)
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    tasks = [
        (room, number, field.name, FACTORS, options.problems, options.seed)
        for room, values in ROOMS.items()
        if options.only in (None, room)
        for number, settings in enumerate(values)
        for field in fields(settings)
        if field.name not in FACTS
    ]
    changes: list[Change] = []
    with multiprocessing.get_context("spawn").Pool(options.workers) as pool:
        for number, found in enumerate(pool.imap(measure, tasks), start=1):
            changes += found
            print(f"{number} of {len(tasks)} settings", file=sys.stderr)
    write(table(changes, options.problems, options.seed), options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
