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
from gradcheck.checks.gradients import check_gradients
from gradcheck.checks.options import seed_of
from gradcheck.errors import SubjectError
from gradcheck.nn import Network
from gradcheck.nn.kinds import ACTIVATIONS, LAYERS, LOSSES, nearest
from gradcheck.testing.cases import LAYER_CASES, LOSS_CASES, NEEDS, RANGES, LossCase, Spec
from gradcheck.verdicts.verdict import Verdict

Array = NDArray[Any]

#: Samples of a batch, and inputs of the first layer. There are no fewer inputs than samples: then the gradient of the
#: first layer's weights shows every mistake in the gradient of its output.
SAMPLES, INPUTS = 3, 3


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
        from gradcheck.testing.pairs.text import text_of

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


def together(layer: str, loss: str) -> bool:
    """Whether a layer may stand directly before a loss. What is no activation never does: other layers come between."""
    needs = LOSS_CASES[loss].needs
    return not needs or layer not in ACTIVATIONS or RANGES.get(layer) in NEEDS[needs][1]


def check_pair(layer: str, loss: str, seed: int, rtol: float | None = None) -> Cell:
    """Check one cell."""
    case = LOSS_CASES[loss]
    if not together(layer, loss):
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
    return network, (X, case.targets(rng, (SAMPLES, case.width)))


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
