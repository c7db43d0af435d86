"""How long does a suite of ten lines take to find a mistake in one of twenty layers, and what does it shrink it to?

    python -m benchmarks.fuzzing --output docs/fuzzing.md

Each layer of `tests/strategies/library.py` gets each mistake of `tests/strategies/wrong.py`, alone among its nineteen
right fellows; the suite is run as it would be in a project, with Hypothesis's own settings but for its database.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import given, seed, settings

import gradcheck
from benchmarks.output import add_output, write
from gradcheck.strategies import DrawnNetwork, networks
from tests.strategies.library import LAYERS
from tests.strategies.wrong import library_with, mistakes_in


@dataclass(frozen=True)
class Outcome:
    """What became of one mistake.

    Attributes
    ----------
    layer, mistake : str
    found : bool
    layers, width : int
        Of the network that it was shrunk to.
    accused : bool
        Whether the report's first finding points at the layer.
    seconds : float
        Of the whole suite.
    shrunk : str
    """

    layer: str
    mistake: str
    found: bool
    layers: int
    width: int
    accused: bool
    seconds: float
    shrunk: str


def suite(layers: Iterable[type], last: list[Any]) -> Callable[[], None]:
    """The test that a project would have; it notes the last network that failed."""

    @settings(database=None, deadline=None)
    @given(networks(layers=layers))
    def test_layers(network: DrawnNetwork) -> None:
        try:
            gradcheck.assert_gradients(network, batch=network.batch, rng=0)
        except gradcheck.GradientMismatch as error:
            last[:] = [network, error.report]
            raise

    return test_layers


def outcome(kind: type, mistake: str, wrong: type, number: int) -> Outcome:
    """Run the suite against the library with one mistake."""
    last: list[Any] = []
    started = time.process_time()
    with contextlib.suppress(gradcheck.GradientMismatch):
        seed(number)(suite(library_with(kind, wrong), last))()
    seconds = time.process_time() - started
    if not last:
        return Outcome(kind.__name__, mistake, False, 0, 0, False, seconds, "")
    network, report = last
    where = report.findings[0].where if report.findings else ""
    index = where.split(".")[1].split(" ")[0].split("[")[0] if where.startswith("layers.") else ""
    accused = index.isdecimal() and type(network.layers[int(index)]).__name__ == kind.__name__
    return Outcome(kind.__name__, mistake, True, len(network.layers), width(network), accused, seconds, repr(network))


def width(network: DrawnNetwork) -> int:
    """The largest width before, between and behind the layers."""
    x = network.batch[0]
    widths = [int(np.prod(x.shape[1:]))]
    for layer in network.layers:
        x = layer.forward(x)
        widths.append(int(np.prod(x.shape[1:])))
    return max(widths)


def table(outcomes: list[Outcome]) -> str:
    """The report, in Markdown."""
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
            str(sum(one.accused for one in some)),
            f"{statistics.median(seconds):.1f}",
            f"{max(seconds):.1f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", nargs="*", default=[kind.__name__ for kind in LAYERS])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--mistakes", nargs="*", help="what is wrong, 'typical' say; all by default")
    parser.add_argument("--every", action="store_true", help="list every mistake with what it was shrunk to")
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
