"""How long does a suite of ten lines take to find a mistake in one of twenty layers, and how far does it shrink?

    python -m benchmarks.fuzzing --output docs/fuzzing.md

Each layer of `tests/strategies/library.py` gets each mistake of `tests/strategies/wrong_layers.py`, while the other
nineteen are right. The suite runs as in a user's project, with the default settings of Hypothesis except its database.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from hypothesis import given, seed, settings

import gradcheck
from benchmarks.output import add_output, write
from gradcheck.strategies import DrawnNetwork, networks
from tests.strategies.library import LAYERS
from tests.strategies.wrong_layers import library_with, mistakes_in


@dataclass(frozen=True)
class Outcome:
    """Result of the suite for one mistake.

    Attributes
    ----------
    layer, mistake : str
    found : bool
        Whether the suite fails.
    layers, width : int
        Size of the network that it shrinks to.
    located : bool
        Whether the report's first finding names the layer.
    seconds : float
        Processor time of the whole suite.
    shrunk : str
        The network that it shrinks to.
    """

    layer: str
    mistake: str
    found: bool
    layers: int
    width: int
    located: bool
    seconds: float
    shrunk: str


def failing_example(layers: Iterable[type], number: int) -> tuple[DrawnNetwork, gradcheck.Report] | None:
    """Run the test that a user's project would have; returns the smallest failing network and its report."""
    last: tuple[DrawnNetwork, gradcheck.Report] | None = None

    @seed(number)
    @settings(database=None, deadline=None)
    @given(networks(layers=layers))
    def test_layers(network: DrawnNetwork) -> None:
        nonlocal last
        try:
            gradcheck.assert_gradients(network, batch=network.batch, rng=0)
        except gradcheck.GradientMismatch as error:
            last = network, error.report
            raise

    with contextlib.suppress(gradcheck.GradientMismatch):
        test_layers()
    return last


def outcome(kind: type, mistake: str, wrong: type, number: int) -> Outcome:
    """Run the suite on the library with one mistake."""
    started = time.process_time()
    failure = failing_example(library_with(kind, wrong), number)
    seconds = time.process_time() - started
    if failure is None:
        return Outcome(kind.__name__, mistake, False, 0, 0, False, seconds, "")
    network, report = failure
    where = report.findings[0].where if report.findings else ""
    located = any(
        where.startswith((f"layers.{index} ", f"layers.{index}.", f"layers.{index}["))  # found nowhere else
        for index, layer in enumerate(network.layers)
        if type(layer).__name__ == kind.__name__
    )
    return Outcome(kind.__name__, mistake, True, len(network.layers), width(network), located, seconds, repr(network))


def width(network: DrawnNetwork) -> int:
    """Return the largest number of values of a sample before, between and behind the layers."""
    x = network.batch[0]
    widths = [int(np.prod(x.shape[1:]))]
    for layer in network.layers:
        x = layer.forward(x)
        widths.append(int(np.prod(x.shape[1:])))
    return max(widths)


def table(outcomes: list[Outcome]) -> str:
    """Format the results as a page in Markdown."""
    lines = [
        "# Fuzzing somebody's layers",
        "",
        "A library of twenty layers (`tests/strategies/library.py`), a mistake in one of them, and a suite of ten",
        "lines: `@given(networks(layers=LAYERS))` and `assert_gradients`. *Layers* and *width* are the largest that a",
        "failure was shrunk to, *accused* how often the report's first finding is the layer with the mistake. Seconds",
        "are those of a processor for the whole suite, shrinking included. Made by `python -m benchmarks.fuzzing`.",
        "",
        "| layer | mistakes | found | layers | width | accused | median s | longest s |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        groups[one.layer].append(one)
    for name, some in [*groups.items(), ("**all**", outcomes)]:
        seconds = [one.seconds for one in some]
        cells = [
            name,
            str(len(some)),
            str(sum(one.found for one in some)),
            str(max(one.layers for one in some)),
            str(max(one.width for one in some)),
            str(sum(one.located for one in some)),
            f"{statistics.median(seconds):.1f}",
            f"{max(seconds):.1f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", nargs="*", default=[kind.__name__ for kind in LAYERS])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mistakes", nargs="*", help="names of mistakes, for example 'typical'; all by default")
    parser.add_argument("--every", action="store_true", help="list every mistake with the network that it shrinks to")
    add_output(parser)
    options = parser.parse_args()
    outcomes: list[Outcome] = []
    for kind in LAYERS:
        for mistake, wrong in mistakes_in(kind).items():
            if kind.__name__ in options.layers and mistake in (options.mistakes or (mistake,)):
                outcomes.append(outcome(kind, mistake, wrong, 1000 * options.seed + len(outcomes)))
                print(outcomes[-1], file=sys.stderr, flush=True)
    text = table(outcomes)
    if options.every:
        text += "\n" + "\n".join(f"* {one}" for one in outcomes) + "\n"
    write(text, options.output)


if __name__ == "__main__":
    main()
