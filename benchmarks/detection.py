"""Run every checker on every case of the corpus, and count what it detects.

Run as ``python -m benchmarks.detection [--quick] [--mistakes K] [--seed N] [--peers a,b] [--workers N]
[--output PATH]``.
Every right gradient is a case under every condition; of the nine mistakes, K are drawn for each.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.corpus import problems
from benchmarks.corpus.cases import cases
from benchmarks.corpus.conditions import CONDITIONS
from benchmarks.corpus.mistakes import MISTAKES
from benchmarks.corpus.problem import Problem, blocks, rng_for
from benchmarks.peers import PEERS, check
from benchmarks.report import Result, markdown

QUICK_RIGHT, QUICK_WRONG, QUICK_SPECIAL = 0.09, 0.013, 4.0
"""Shares of the right and of the wrong gradients that ``--quick`` keeps; kinks and edges are kept more often."""


@dataclass(frozen=True)
class Task:
    """One problem under one condition: a piece of work for a process."""

    problem: str
    condition: str
    mistakes: tuple[str | None, ...]
    peers: tuple[str, ...]
    seed: int


LARGE = 100_000
"""From this many entries on one mistake is drawn: a failing check looks for the entry, which takes a while."""


def tasks(peers: Sequence[str], seed: int, quick: bool, count: int) -> Iterator[Task]:
    """Yield the pieces of work: all right gradients and `count` mistakes each; with `quick`, about 300 cases."""
    for problem in problems():
        for condition in CONDITIONS:
            special = condition.name.startswith(("on-", "near-"))
            if special and condition.name not in problem.special:
                continue
            mistakes: tuple[str | None, ...]
            rng = rng_for(seed, "mistakes", problem.name, condition.name)
            kept = min(1 if size_of(problem) >= LARGE else count, len(MISTAKES))
            mistakes = (None, *rng.permutation([mistake.name for mistake in MISTAKES])[:kept].tolist())
            if quick:
                mistakes = (None, *(mistake.name for mistake in MISTAKES))
                draws = rng_for(seed, "quick", problem.name, condition.name).random(len(mistakes))
                factor = QUICK_SPECIAL if special else 1.0
                shares = [factor * (QUICK_RIGHT if mistake is None else QUICK_WRONG) for mistake in mistakes]
                mistakes = tuple(m for m, draw, share in zip(mistakes, draws, shares, strict=True) if draw < share)
            if mistakes:
                yield Task(problem.name, condition.name, mistakes, tuple(peers), seed)


def size_of(problem: Problem) -> int:
    """Count the entries of all blocks."""
    return sum(int(np.size(block)) for block in blocks(problem.x0).values())


def work(task: Task) -> list[Result]:
    """Ask the peers about the cases of a task."""
    chosen = [problem for problem in problems() if problem.name == task.problem]
    conditions = [condition for condition in CONDITIONS if condition.name == task.condition]
    mistakes = [mistake for mistake in MISTAKES if mistake.name in task.mistakes]
    results = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for case in cases(task.seed, chosen, conditions, mistakes):
            if case.mistake not in task.mistakes:
                continue
            for peer in task.peers:
                start = time.perf_counter()
                answer = check(peer, case, task.seed)
                seconds = time.perf_counter() - start
                results.append(Result(task.problem, task.condition, case.mistake, peer, answer, seconds))
    return results


def run(peers: Sequence[str], seed: int, quick: bool, workers: int, count: int) -> list[Result]:
    """Do all the work in a pool of processes, and say on stderr how far it is."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    todo = list(tasks(peers, seed, quick, count))
    results: list[Result] = []
    start = time.perf_counter()
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(work, task) for task in todo]
        for number, future in enumerate(as_completed(futures), start=1):
            results += future.result()
            if number % 25 == 0 or number == len(todo):
                seconds = time.perf_counter() - start
                print(f"{number} of {len(todo)} tasks, {len(results)} answers, {seconds:.0f} s", file=sys.stderr)
    return sorted(results, key=lambda result: result.key)


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, run, and write the report."""
    parser = argparse.ArgumentParser(description="How well checkers of gradients detect mistakes.")
    parser.add_argument("--quick", action="store_true", help="a reproducible sample of about 300 cases")
    parser.add_argument("--mistakes", type=int, default=3, metavar="K", help="mistakes drawn for each; 9 are all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--peers", default=",".join(PEERS), help="names, separated by commas")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output", type=Path, help="file for the report, instead of stdout")
    options = parser.parse_args(arguments)
    peers = options.peers.split(",")
    unknown = [peer for peer in peers if peer not in PEERS]
    if unknown:
        parser.error(f"unknown peers: {', '.join(unknown)}; there are {', '.join(PEERS)}")
    report = markdown(run(peers, options.seed, options.quick, options.workers, options.mistakes), peers, options.seed)
    if options.output is None:
        print(report)
    else:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(report + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
