"""Every layer of `gradcheck.nn` with every loss: one small network a cell, and the verdict on its gradient.

An activation stands directly before the loss, for there the famous shortcuts and mistakes are. After any other layer
come a dense layer to the width that the loss takes, and what makes its numbers fit for it (a sigmoid before a loss of
probabilities, say). A dense layer stands before each, so that the gradient by the layer's input is checked as well.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck._version import __version__
from gradcheck.api import check_gradients
from gradcheck.comparison import Verdict
from gradcheck.errors import SubjectError
from gradcheck.nn import Network
from gradcheck.nn.kinds import ACTIVATIONS, LAYERS, LOSSES, nearest
from gradcheck.options import seed_of

Array = NDArray[Any]
Spec = dict[str, Any]

#: Samples of a batch, inputs of the first layer, and what a loss takes of each sample. There are no fewer inputs than
#: samples: then the gradient of the first layer's weights shows every mistake in the gradient of its output.
SAMPLES, INPUTS, WIDTH = 3, 3, 4

#: Arguments of each layer, and the shape of one sample.
LAYER_CASES: dict[str, tuple[Spec, tuple[int, ...]]] = {
    "Dense": ({"inputs": 3, "outputs": 5}, (3,)),
    "Conv1D": ({"inputs": 2, "outputs": 3, "size": 3, "stride": 2, "padding": 1}, (2, 6)),
    "Conv2D": ({"inputs": 2, "outputs": 4, "size": 3, "padding": 1, "groups": 2}, (2, 4, 3)),
    "ConvTranspose1D": ({"inputs": 2, "outputs": 2, "size": 3, "stride": 2}, (2, 3)),
    "ConvTranspose2D": ({"inputs": 2, "outputs": 2, "size": 2, "stride": 2}, (2, 2, 2)),
    "MaxPool1D": ({"size": 3, "stride": 2}, (2, 7)),
    "MaxPool2D": ({"size": 2, "stride": 1}, (2, 3, 3)),
    "AveragePool1D": ({"size": 3, "stride": 2, "padding": 1}, (2, 6)),
    "AveragePool2D": ({"size": 2}, (2, 4, 4)),
    "BatchNorm": ({"features": 2}, (2, 3)),
    "LayerNorm": ({"features": 4}, (4,)),
    "GroupNorm": ({"groups": 2, "features": 4}, (4, 3)),
    "RMSNorm": ({"features": 4}, (4,)),
    "Embedding": ({"vocabulary": 6, "features": 3}, (2,)),
    "Dropout": ({"rate": 0.3, "seed": 1}, (6,)),
    "Flatten": ({}, (2, 3)),
    "Reshape": ({"shape": (3, -1)}, (6,)),
    "Concatenate": (
        {"branches": [{"kind": "Dense", "inputs": 3, "outputs": 2}, {"kind": "Dense", "inputs": 3, "outputs": 3}]},
        (3,),
    ),
    "Residual": ({"layers": [{"kind": "Dense", "inputs": 3, "outputs": 3}, {"kind": "Tanh"}]}, (3,)),
    "Sequential": ({"layers": [{"kind": "Dense", "inputs": 3, "outputs": 4}, {"kind": "Tanh"}]}, (3,)),
    "SimpleRNN": ({"features": 3, "units": 2}, (4, 3)),
    "LSTM": ({"features": 3, "units": 2}, (4, 3)),
    "GRU": ({"features": 3, "units": 2}, (4, 3)),
    "MultiHeadAttention": ({"features": 4, "heads": 2, "causal": True}, (3, 4)),
}

#: What is known of the numbers that an activation returns, where it is more than that they are real.
RANGES = {"Sigmoid": "unit", "Softmax": "simplex", "LogSoftmax": "logarithms"}

#: What a loss asks of the predictions: the words for it, the activations that give it, and the layer that brings it.
NEEDS: dict[str, tuple[str, frozenset[str], Spec]] = {
    "unit": ("probabilities between 0 and 1", frozenset({"unit", "simplex"}), {"kind": "Sigmoid"}),
    "simplex": ("probabilities that sum to 1 over the classes", frozenset({"simplex"}), {"kind": "Softmax"}),
    "logarithms": (
        "logarithms of probabilities that sum to 1 over the classes",
        frozenset({"logarithms"}),
        {"kind": "LogSoftmax"},
    ),
}


@dataclass(frozen=True, slots=True)
class LossCase:
    """How a loss is made, what it asks of the predictions, and targets that it takes."""

    targets: Callable[[np.random.Generator], Any]
    needs: str = ""
    width: int = WIDTH
    shape: tuple[int, ...] = ()
    options: Spec | None = None


def _numbers(rng: np.random.Generator) -> Array:
    return rng.standard_normal((SAMPLES, WIDTH))


def _labels(rng: np.random.Generator) -> Array:
    return rng.integers(0, 2, (SAMPLES, WIDTH)).astype(np.float64)


def _signs(rng: np.random.Generator) -> Array:
    return 2.0 * _labels(rng) - 1.0


def _classes(rng: np.random.Generator) -> Array:
    return rng.integers(0, WIDTH, SAMPLES)


def _shares(rng: np.random.Generator) -> Array:
    return rng.dirichlet(np.ones(WIDTH), SAMPLES)


LOSS_CASES: dict[str, LossCase] = {
    "BinaryCrossEntropy": LossCase(_labels, "unit"),
    "BinaryCrossEntropyWithLogits": LossCase(_labels),
    "CrossEntropy": LossCase(_classes, "simplex"),
    "CrossEntropyWithLogits": LossCase(_classes),
    "NegativeLogLikelihood": LossCase(_classes, "logarithms"),
    "MeanSquaredError": LossCase(_numbers),
    "MeanAbsoluteError": LossCase(_numbers),
    "Huber": LossCase(_numbers),
    "LogCosh": LossCase(_numbers),
    "Hinge": LossCase(_signs),
    "SquaredHinge": LossCase(_signs),
    "KullbackLeibler": LossCase(_shares, "logarithms"),
    "Poisson": LossCase(lambda rng: rng.poisson(2.0, (SAMPLES, WIDTH)).astype(np.float64)),
    "CosineDistance": LossCase(_numbers),
    "Triplet": LossCase(lambda rng: None, width=12, shape=(3, 4), options={"margin": 10.0}),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One layer with one loss.

    Attributes
    ----------
    layer, loss : str
    verdict : Verdict or None
        None where the two do not go together; `note` says why.
    error_bar : float or None
        The largest of any parameter's, relative to its gradient.
    resolution : float or None
        Of a pass: the smallest relative error of one entry that would have been seen in every parameter.
    evaluations : int
    note : str
    """

    layer: str
    loss: str
    verdict: Verdict | None
    error_bar: float | None = None
    resolution: float | None = None
    evaluations: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Pairs:
    """The table. True if every cell passes that makes sense.

    Attributes
    ----------
    version : str
    seed : int
        Passed as `rng`, it reproduces the table.
    cells : tuple of Cell
        Layer by layer.
    seconds : float
    """

    version: str
    seed: int
    cells: tuple[Cell, ...]
    seconds: float

    @property
    def verdict(self) -> Verdict:
        """Fail if one cell fails, else undecided if one is, else pass."""
        found = {cell.verdict for cell in self.cells}
        return next((v for v in (Verdict.FAIL, Verdict.UNDECIDED) if v in found), Verdict.PASS)

    @property
    def evaluations(self) -> int:
        """Of all losses together."""
        return sum(cell.evaluations for cell in self.cells)

    def __bool__(self) -> bool:
        return self.verdict is Verdict.PASS

    def __repr__(self) -> str:
        return f"<Pairs {self.verdict.value}: {len(self.cells)} cells, {self.evaluations} evaluations>"

    def __str__(self) -> str:
        from gradcheck.reports.pairs import text_of

        return text_of(self)


def pairs(
    layers: Iterable[str] | None = None,
    losses: Iterable[str] | None = None,
    *,
    rng: int | np.random.Generator | np.random.SeedSequence | None = None,
    rtol: float | None = None,
    progress: Callable[[int, int, str], object] | None = None,
) -> Pairs:
    """Check the gradient of every layer of `gradcheck.nn` with every loss.

    Parameters
    ----------
    layers, losses : iterable of str, optional
        Their kinds, ``["Dense", "Tanh"]`` say; all by default.
    rng : None, int, SeedSequence or Generator
        What is drawn for a cell depends on its seed and on the two names only.
    rtol : float, optional
        As for `check_gradients`.
    progress : callable, optional
        Told after each cell how many are done, of how many, and which was the last.

    Returns
    -------
    Pairs

    Raises
    ------
    SubjectError
        If there is no layer or loss of a name; with those there are.

    Examples
    --------
    >>> table = pairs(["Sigmoid", "Tanh"], ["BinaryCrossEntropy"], rng=0)
    >>> [(cell.layer, cell.verdict and cell.verdict.value, cell.note) for cell in table.cells]
    [('Sigmoid', 'pass', ''), ('Tanh', None, 'takes probabilities between 0 and 1')]
    """
    chosen = _known("layer", layers, (*LAYERS, *ACTIVATIONS)), _known("loss", losses, tuple(LOSSES))
    seed = seed_of(rng)
    started = time.perf_counter()
    cells: list[Cell] = []
    total = len(chosen[0]) * len(chosen[1])
    for layer in chosen[0]:
        for loss in chosen[1]:
            cells.append(check_pair(layer, loss, seed, rtol))
            if progress is not None:
                progress(len(cells), total, f"{layer} with {loss}")
    return Pairs(__version__, seed, tuple(cells), time.perf_counter() - started)


def check_pair(layer: str, loss: str, seed: int, rtol: float | None = None) -> Cell:
    """Check one cell."""
    case = LOSS_CASES[loss]
    if case.needs and layer in ACTIVATIONS and RANGES.get(layer) not in NEEDS[case.needs][1]:
        return Cell(layer, loss, None, note=f"takes {NEEDS[case.needs][0]}")
    network, batch = example(layer, loss, seed)
    report = check_gradients(network, batch=batch, rng=seed, rtol=rtol)
    blocks = report.blocks.values()
    resolved = [block for block in blocks if block.resolution is not None] or list(blocks)  # one of zero has none
    resolutions = [block.resolution for block in resolved if block.resolution is not None]
    open_ones = [f"{block.name} {block.verdict.value}" for block in blocks if block.verdict is not Verdict.PASS]
    return Cell(
        layer,
        loss,
        report.verdict,
        max(block.error_bar for block in resolved),
        max(resolutions) if report and resolutions else None,
        report.evaluations,
        ", ".join(open_ones),
    )


def example(layer: str, loss: str, seed: int) -> tuple[Network, tuple[Array, Any]]:
    """The network of a cell, at parameters that are nothing special, and a batch for it."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, zlib.crc32(f"{layer} with {loss}".encode())]))
    case = LOSS_CASES[loss]
    specs = [*_before(layer, case), *_after(layer, case)]
    shape: list[Spec] = [{"kind": "Reshape", "shape": case.shape}] if case.shape else []
    described = {"layers": [*specs, *shape], "loss": {"kind": loss, **(case.options or {})}}
    if layer == "Embedding":
        X: Array = rng.integers(0, 6, (SAMPLES, 2))
    else:
        X = rng.standard_normal((SAMPLES, INPUTS))
    network = Network.from_spec(_sized(described, X, case), rng=rng)
    for value in network.params.values():
        value += 0.4 * rng.standard_normal(value.shape)
    return network, (X, case.targets(rng))


def _before(layer: str, case: LossCase) -> Iterator[Spec]:
    """The layer, and what brings its input."""
    if layer == "Embedding":
        yield {"kind": layer, **LAYER_CASES[layer][0]}
        return
    arguments, sample = LAYER_CASES.get(layer, ({}, (case.width,)))
    yield {"kind": "Dense", "inputs": INPUTS, "outputs": int(np.prod(sample))}
    if len(sample) > 1:
        yield {"kind": "Reshape", "shape": sample}
    yield {"kind": layer, **arguments}


def _after(layer: str, case: LossCase) -> Iterator[Spec]:
    """What makes the output of a layer fit for the loss; nothing after an activation."""
    if layer in ACTIVATIONS:
        return
    yield {"kind": "Flatten"}
    yield {"kind": "Dense", "inputs": -1, "outputs": case.width}
    if case.needs:
        yield NEEDS[case.needs][2]


def _sized(described: Spec, X: Array, case: LossCase) -> Spec:
    """Fill in how many numbers a sample has after the layer."""
    layers = described["layers"]
    for position, spec in enumerate(layers):
        if spec.get("inputs") == -1:
            part = {"layers": layers[:position], "loss": {"kind": "MeanSquaredError"}}
            layers[position] = spec | {"inputs": Network.from_spec(part, rng=0).forward(X).shape[1]}
    return described


def _known(what: str, given: Iterable[str] | None, known: tuple[str, ...]) -> tuple[str, ...]:
    if given is None:
        return known
    lower = {name.lower(): name for name in known}
    names = (given,) if isinstance(given, str) else tuple(given)
    for name in names:
        if name.lower() not in lower:
            raise SubjectError(f"there is no {what} {name!r}{nearest(name, known)}; there are {', '.join(known)}")
    return tuple(lower[name.lower()] for name in names)
