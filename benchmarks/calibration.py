"""How reliable the error bars are: numerical derivatives compared with exact ones by mpmath.

``python -m benchmarks.calibration [--count N] [--seed S] [--output docs/calibration.md]``
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np

from benchmarks.output import add_output, write
from gradcheck.differences.derivative import differentiate
from gradcheck.differences.noise import measure_noise

#: Digits that the exact derivatives are computed with.
DIGITS = 40


@dataclass(frozen=True)
class Curve:
    """A function of one number, its exact derivative, and the interval that points are drawn from."""

    name: str
    value: Callable[[float], float]
    slope: Callable[[Any], Any]
    low: float
    high: float


CURVES = (
    Curve("sine", math.sin, mpmath.cos, -5, 5),
    Curve("exponential", math.exp, mpmath.exp, -3, 3),
    Curve("logarithm", math.log, lambda x: 1 / x, 0.01, 10),
    Curve("hyperbolic tangent", math.tanh, lambda x: 1 - mpmath.tanh(x) ** 2, -3, 3),
    Curve("logistic", lambda x: 1 / (1 + math.exp(-x)), lambda x: mpmath.exp(-x) / (1 + mpmath.exp(-x)) ** 2, -6, 6),
    Curve("cubic", lambda x: x**3 - x, lambda x: 3 * x * x - 1, -2, 2),
    Curve("softplus", lambda x: math.log1p(math.exp(x)), lambda x: 1 / (1 + mpmath.exp(-x)), -6, 6),
    Curve(
        "fast oscillation",
        lambda x: math.sin(20 * x) * math.exp(-x),
        lambda x: (20 * mpmath.cos(20 * x) - mpmath.sin(20 * x)) * mpmath.exp(-x),
        0,
        3,
    ),
    Curve("Runge", lambda x: 1 / (1 + 25 * x * x), lambda x: -50 * x / (1 + 25 * x * x) ** 2, -1, 1),
    Curve("square root", math.sqrt, lambda x: 1 / (2 * mpmath.sqrt(x)), 1e-3, 10),
    Curve("arc tangent", math.atan, lambda x: 1 / (1 + x * x), -4, 4),
    Curve("log-gamma", math.lgamma, mpmath.digamma, 0.2, 8),
    Curve("flat quartic", lambda x: (x - 1) ** 4, lambda x: 4 * (x - 1) ** 3, 0, 2),
    Curve("large constant", lambda x: 1e4 + math.sin(x), mpmath.cos, -3, 3),
    Curve("error function", math.erf, lambda x: 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-x * x), -3, 3),
    Curve("polynomial ratio", lambda x: (x * x - 2) / (x + 3), lambda x: (x * x + 6 * x + 2) / (x + 3) ** 2, -2, 4),
)


@dataclass(frozen=True)
class Result:
    """One estimate: its error bar and its true error."""

    curve: str
    bar: float
    error: float
    evaluations: int

    @property
    def ratio(self) -> float:
        """True error over error bar: at most 1 if the error bar holds."""
        return self.error / self.bar


def estimates(count: int, seed: int) -> list[Result]:
    """Estimate slopes at random points, with random scales and every kind of target."""
    rng = np.random.default_rng(seed)
    with mpmath.workdps(DIGITS):
        return [_one(CURVES[i % len(CURVES)], rng, sharp=i % 3 == 0) for i in range(count)]


def _one(curve: Curve, rng: np.random.Generator, *, sharp: bool) -> Result:
    x = float(rng.uniform(curve.low, curve.high))
    scale = float(rng.integers(1, 16)) / 8  # of few bits, so that x + scale·t is exact
    exact = curve.slope(mpmath.mpf(x)) * scale

    def values(steps: Sequence[float]) -> list[float]:
        return [_safe(curve.value, x + scale * step) for step in steps]

    centre = curve.value(x)
    noise = measure_noise(values, centre)
    target = 0.0 if sharp else max(abs(float(exact)), 1e-3) * 10 ** rng.uniform(-11, -4)
    estimate = differentiate(values, noise=noise.level, centre=centre, target=target)
    error = abs(float(mpmath.mpf(estimate.value) - exact)) if estimate.finite else 0.0
    return Result(curve.name, estimate.error, error, estimate.evaluations)


def _safe(function: Callable[[float], float], x: float) -> float:
    try:
        return function(x)
    except (ValueError, OverflowError):
        return math.nan


def table(results: Sequence[Result]) -> str:
    """Coverage by function and a histogram of error over bar, as Markdown."""
    lines = [
        "# Calibration of the error bars",
        "",
        f"{len(results)} numerical derivatives of {len(CURVES)} functions at random points, compared with mpmath at "
        f"{DIGITS} digits.",
        f"The error bar covers the true error in {100 * coverage(results):.2f}%; "
        f"the median ratio of error bar to error is {median_bar(results):.1f}.",
        "",
        "| function | covered | median error bar / error | median error bar | evaluations |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for curve in CURVES:
        mine = [result for result in results if result.curve == curve.name]
        bar = float(np.median([result.bar for result in mine]))
        cost = float(np.median([result.evaluations for result in mine]))
        lines.append(
            f"| {curve.name} | {100 * coverage(mine):.2f}% | {median_bar(mine):.1f} | {bar:.1e} | {cost:.0f} |"
        )
    lines += [
        "",
        "Distribution of error / error bar, at most 1 where the error bar holds:",
        "",
        "```text",
        histogram(results),
        "```",
        "",
    ]
    return "\n".join(lines)


def coverage(results: Sequence[Result]) -> float:
    """Share of estimates whose error bar covers the true error."""
    return sum(result.error <= result.bar for result in results) / len(results)


def median_bar(results: Sequence[Result]) -> float:
    """Median of error bar over true error."""
    return float(np.median([1 / result.ratio if result.error else math.inf for result in results]))


def histogram(results: Sequence[Result]) -> str:
    """How often error over error bar falls into each half decade."""
    edges = [0.0, 1e-4, 10**-3.5, 1e-3, 10**-2.5, 1e-2, 10**-1.5, 1e-1, 10**-0.5, 1.0, math.inf]
    counts, _ = np.histogram([result.ratio for result in results], bins=edges)
    lines = []
    for low, high, count in zip(edges, edges[1:], counts, strict=False):
        bar = "#" * round(60 * count / max(counts))
        lines.append(f"{low:8.1e} … {high:8.1e}  {count:6d}  {bar}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table or write it to a file."""
    parser = argparse.ArgumentParser(description="How reliable the error bars are.")
    parser.add_argument("--count", type=int, default=16_000)
    parser.add_argument("--seed", type=int, default=0)
    add_output(parser)
    options = parser.parse_args(arguments)
    text = table(estimates(options.count, options.seed))
    write(text, options.output)


if __name__ == "__main__":
    main()
