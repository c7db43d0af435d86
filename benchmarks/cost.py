"""What a passing check costs: evaluations, time outside the user's functions, and the import.

``python -m benchmarks.cost [--output docs/cost.md]``
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import gradcheck
from benchmarks.corpus.cases import cases
from benchmarks.corpus.conditions import CONDITIONS
from benchmarks.output import add_output, write
from gradcheck.app.examples.xor import BATCH, QuestionNetwork

Array = NDArray[np.float64]

#: Evaluations that a passing check should not exceed, and how often each function of the corpus is checked.
MOST, SEEDS = 40, 5


class Clock:
    """Wraps functions and adds up the time that they take."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, function: Callable[..., Any], least: float = 0.0) -> Callable[..., Any]:
        """The function, made to take at least so many seconds."""

        def timed(*arguments: Any) -> Any:
            start = time.process_time()
            result = function(*arguments)
            while time.process_time() - start < least:
                pass
            self.seconds += time.process_time() - start
            return result

        return timed


def overhead(size: int, least: float, repeats: int) -> float:
    """Median share of a check that is spent outside of a loss that takes `least` seconds."""
    x = np.random.default_rng(0).standard_normal(size)
    shares = []
    for seed in range(repeats):
        clock = Clock()
        loss = clock(lambda x: float(np.sum(np.log(np.cosh(x)))), least)
        gradient = clock(np.tanh, least)
        start = time.process_time()
        report = gradcheck.check_gradients(loss, gradient, x, rng=seed)
        total = time.process_time() - start
        assert report
        shares.append((total - clock.seconds) / total)
    return statistics.median(shares)


def evaluations(repeats: int) -> list[tuple[str, int, int, int, str, int]]:
    """Of passing checks: name, parameters, median and largest number of evaluations, share within 40, gradients."""
    rows = []
    for name, size, check in (
        ("XOR network, own start", 21, lambda seed: _network(seed, 0.01)),
        ("XOR network, weights of size 1", 21, lambda seed: _network(seed, 1.0)),
        ("log cosh", 1, lambda seed: _log_cosh(seed, 1)),
        ("log cosh", 1_000, lambda seed: _log_cosh(seed, 1_000)),
        ("log cosh", 1_000_000, lambda seed: _log_cosh(seed, 1_000_000)),
        ("squared sines and products", 1_000_000, _chain),
    ):
        reports = [check(seed) for seed in range(repeats if size < 10**6 else 3)]
        assert sum(map(bool, reports)) >= 0.98 * len(reports)
        counts = [report.evaluations for report in reports]
        gradients = max(report.gradients for report in reports)
        cheap = f"{sum(count <= MOST for count in counts)} of {len(counts)}"
        rows.append((name, size, int(statistics.median(counts)), max(counts), cheap, gradients))
    return rows


def _network(seed: int, scale: float) -> gradcheck.Report:
    return gradcheck.check_gradients(QuestionNetwork(scale=scale, seed=seed), batch=BATCH, rng=seed)


def _log_cosh(seed: int, size: int) -> gradcheck.Report:
    x = np.random.default_rng(seed).standard_normal(size)
    return gradcheck.check_gradients(lambda x: float(np.sum(np.log(np.cosh(x)))), np.tanh, x, rng=seed)


def _chain(seed: int) -> gradcheck.Report:
    def loss(x: Array) -> float:
        return float(np.sum(np.sin(x) ** 2) + x[1:] @ x[:-1])

    def gradient(x: Array) -> Array:
        result: Array = np.sin(2 * x)
        result[1:] += x[:-1]
        result[:-1] += x[1:]
        return result

    return gradcheck.check_gradients(loss, gradient, np.random.default_rng(seed).standard_normal(10**6), rng=seed)


def expensive(seeds: int) -> tuple[int, list[str]]:
    """Number of functions of the corpus, and a row for each function with an expensive check."""
    found: dict[str, list[gradcheck.Report]] = {}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for seed in range(seeds):
            for case in cases(seed, None, CONDITIONS[:1], ()):
                report = gradcheck.check_gradients(case.problem.fun, case.problem.grad, case.problem.x0, rng=seed)
                found.setdefault(case.problem.name, []).append(report)
    rows = []
    for name, reports in found.items():
        if any(report.evaluations > MOST or report.gradients > 2 or not report for report in reports):
            counts = [report.evaluations for report in reports]
            verdicts = ", ".join(sorted({report.verdict.value for report in reports}))
            gradients = max(report.gradients for report in reports)
            rows.append(f"| {name} | {verdicts} | {statistics.median(counts):.0f} | {max(counts)} | {gradients} |")
    return len(found), rows


def import_ratio(repeats: int) -> float:
    """Median time of a process that imports gradcheck over one that imports NumPy, taken in turn."""
    ratios = []
    for _ in range(repeats):
        seconds = []
        for statement in ("import gradcheck", "import numpy"):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", statement], check=True)
            seconds.append(time.perf_counter() - start)
        ratios.append(seconds[0] / seconds[1])
    return statistics.median(ratios)


def table() -> str:
    """All of it as Markdown."""
    total, rows = expensive(SEEDS)
    lines = [
        "# Cost of a passing check",
        "",
        f"Each seed draws another point. The aim is at most {MOST} evaluations and two gradients, whatever the size.",
        "Where noise hides the derivative, as on the plateau where the XOR network starts, a check spends more before",
        "it is left undecided.",
        "",
        f"| function | parameters | evaluations, median | largest | at most {MOST} | gradients |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        *(
            f"| {name} | {size} | {median} | {most} | {cheap} | {gradients} |"
            for name, size, median, most, cheap, gradients in evaluations(200)
        ),
        "",
        f"Of the {total} functions of the corpus, unchanged and with {SEEDS} seeds each, these need more in at least "
        "one check.",
        "Further gradients are evaluated around points that lie on kinks ([method](method.md)).",
        "",
        "| function | verdicts | evaluations, median | largest | gradients |",
        "| --- | --- | ---: | ---: | ---: |",
        *rows,
        "",
        "| time outside the user's functions | share |",
        "| --- | ---: |",
    ]
    for size in (20, 1_000, 10_000):
        lines.append(f"| loss of 1 ms, {size} parameters | {100 * overhead(size, 1e-3, 20):.1f}% |")
    lines += ["", f"`import gradcheck` takes {import_ratio(15):.2f} times as long as `import numpy`.", ""]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables or write them to a file."""
    parser = argparse.ArgumentParser(description="What a passing check costs.")
    add_output(parser)
    options = parser.parse_args(arguments)
    text = table()
    write(text, options.output)


if __name__ == "__main__":
    main()
