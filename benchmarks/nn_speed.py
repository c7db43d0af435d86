"""Time of `gradcheck.nn` for a forward and a backward pass, compared with a reference.

``python -m benchmarks.nn_speed [--output docs/nn-speed.md]``

Each row is measured in a process of its own for every number of threads, the two sides in turn; the times are the least
of many repeats, since everything that disturbs a measurement makes it longer.
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.output import add_output, write

#: Least times of both sides, in seconds.
Pair = tuple[float, float]


def in_turn(mine: Callable[[], Any], theirs: Callable[[], Any], repeats: int) -> Pair:
    """Least time of either, called in turn."""
    least = [float("inf")] * 2
    for _ in range(repeats):
        for side, function in enumerate((mine, theirs)):
            start = time.perf_counter()
            function()
            least[side] = min(least[side], time.perf_counter() - start)
    return least[0], least[1]


def dense_network() -> Pair:
    """Time of `Network.loss` for a perceptron 784-256-128-10, and of its matrix products alone.

    The products are those that it computes: one a layer forward, one a layer for the weights, and one for the input of
    each layer but the first.
    """
    from gradcheck.nn import CrossEntropyWithLogits, Dense, Network, ReLU

    rng = np.random.default_rng(0)
    sizes = (784, 256, 128, 10)
    layers = [Dense(n, m, rng=rng, dtype=np.float32) for n, m in itertools.pairwise(sizes)]
    network = Network([layers[0], ReLU(), layers[1], ReLU(), layers[2]], CrossEntropyWithLogits())
    X, y = rng.standard_normal((128, 784)).astype(np.float32), rng.integers(0, 10, 128)
    signals = [rng.standard_normal((128, size)).astype(np.float32) for size in sizes]
    weights = [layer.params["W"] for layer in layers]

    def products() -> None:
        for x, w in zip(signals, weights, strict=False):
            x @ w
        for position in (2, 1, 0):
            signals[position].T @ signals[position + 1]
            if position:
                signals[position + 1] @ weights[position].T

    return in_turn(lambda: network.loss(X, y), products, 500)


def convolution() -> Pair:
    """Time of `Conv2D` and of PyTorch's, with the gradients of input and parameters."""
    import torch

    from gradcheck.nn import Conv2D

    rng = np.random.default_rng(0)
    layer = Conv2D(32, 64, 3, padding=1, rng=rng, dtype=np.float32)
    x = rng.standard_normal((16, 32, 32, 32)).astype(np.float32)
    upstream = rng.standard_normal((16, 64, 32, 32)).astype(np.float32)
    tensors: list[Any] = [torch.tensor(value, requires_grad=True) for value in (x, *layer.params.values())]
    given, W, b = tensors
    slope = torch.tensor(upstream)

    def mine() -> None:
        layer.forward(x)
        layer.backward(upstream)

    def theirs() -> None:
        given.grad = W.grad = b.grad = None
        y: Any = torch.nn.functional.conv2d(given, W, b, padding=1)
        y.backward(slope)

    theirs()
    mine()
    assert np.allclose(layer.grads["W"], W.grad.numpy(), rtol=1e-3, atol=1e-2)
    return in_turn(mine, theirs, 40)


#: Rows of the table: the operation, its reference, and the function that times both.
ROWS: dict[str, tuple[str, str, Callable[[], Pair]]] = {
    "dense_network": ("perceptron 784-256-128-10, batch of 128", "its matrix products by NumPy", dense_network),
    "convolution": ("convolution 3 × 3, 32 to 64 channels, 16 images of 32 × 32", "PyTorch", convolution),
}


def measured(row: str, threads: int) -> Pair:
    """Measure a row in a process with so many threads."""
    limits = {f"{library}_NUM_THREADS": str(threads) for library in ("OMP", "OPENBLAS", "MKL")}
    command = [sys.executable, "-m", "benchmarks.nn_speed", "--row", row]
    result = subprocess.run(command, env=os.environ | limits, capture_output=True, text=True, check=True).stdout
    mine, theirs = map(float, result.split())
    return mine, theirs


def table() -> str:
    """All of it as Markdown."""
    lines = [
        "# Speed of gradcheck.nn",
        "",
        "Forward and backward pass in float32. Times are the shortest of many repeats; *ratio* is gradcheck.nn over",
        "the reference.",
        "",
        "| operation | threads | ms | reference | ms | ratio |",
        "| --- | ---: | ---: | --- | ---: | ---: |",
    ]
    for row, (name, reference, _) in ROWS.items():
        for threads in (1, 2):
            mine, theirs = measured(row, threads)
            lines.append(
                f"| {name} | {threads} | {1e3 * mine:.2f} | {reference} | {1e3 * theirs:.2f} | {mine / theirs:.2f} |"
            )
    return "\n".join([*lines, ""])


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table or write it to a file."""
    parser = argparse.ArgumentParser(description="Time of gradcheck.nn.")
    parser.add_argument("--row", choices=ROWS, help=argparse.SUPPRESS)
    add_output(parser)
    options = parser.parse_args(arguments)
    if options.row:
        print(*ROWS[options.row][2]())
    else:
        write(table(), options.output)


if __name__ == "__main__":
    main()
