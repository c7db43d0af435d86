"""`gradcheck.pairs`: check the gradient of every layer of `gradcheck.nn` with every loss."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from gradcheck._version import __version__
from gradcheck.checks.gradients import check_gradients
from gradcheck.checks.options import seed_of
from gradcheck.errors import SubjectError
from gradcheck.nn.kinds import ACTIVATIONS, LAYERS, LOSSES, nearest
from gradcheck.reports.html import preformatted
from gradcheck.reports.notebook import pretty
from gradcheck.testing.cases import LOSS_CASES
from gradcheck.testing.pairs.data import Cell, PairsData
from gradcheck.testing.pairs.example import compatible, example
from gradcheck.testing.pairs.text import text_of
from gradcheck.verdicts.verdict import Verdict


class Pairs(PairsData):
    """The table of layers and losses. True if every cell passes, apart from those that cannot be combined.

    Attributes
    ----------
    version : str
        Version of gradcheck.
    seed : int
        Passed as `rng`, it reproduces the table.
    cells : tuple of Cell
        Layer by layer.
    seconds : float
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<Pairs {self.verdict.value}: {len(self.cells)} cells, {self.evaluations} evaluations>"

    def __str__(self) -> str:
        return text_of(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        pretty(self, printer, cycle)

    def _repr_html_(self) -> str:
        return preformatted(str(self))


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
        Their kinds, ``["Dense", "Tanh"]`` for example; all by default.
    rng : None, int, SeedSequence or Generator
        Source of the seed. The random numbers of a cell depend only on the seed and on its two names.
    rtol : float, optional
        As for `check_gradients`.
    progress : callable, optional
        Called after each cell with the number of cells done, the number of all cells, and the name of this cell.

    Returns
    -------
    Pairs

    Raises
    ------
    SubjectError
        If a layer or loss does not exist; the message lists those that do.

    Examples
    --------
    >>> table = pairs(["Sigmoid", "Tanh"], ["BinaryCrossEntropy"], rng=0)
    >>> [(cell.layer, cell.verdict and cell.verdict.value, cell.note) for cell in table.cells]
    [('Sigmoid', 'pass', ''), ('Tanh', None, 'needs probabilities between 0 and 1')]
    """
    chosen_layers = _known("layer", layers, (*LAYERS, *ACTIVATIONS))
    chosen_losses = _known("loss", losses, tuple(LOSSES))
    seed = seed_of(rng)
    started = time.perf_counter()
    cells: list[Cell] = []
    total = len(chosen_layers) * len(chosen_losses)
    for layer in chosen_layers:
        for loss in chosen_losses:
            cells.append(check_pair(layer, loss, seed, rtol))
            if progress is not None:
                progress(len(cells), total, f"{layer} with {loss}")
    return Pairs(__version__, seed, tuple(cells), time.perf_counter() - started)


def check_pair(layer: str, loss: str, seed: int, rtol: float | None = None) -> Cell:
    """Check the example network of one layer with one loss."""
    requires = LOSS_CASES[loss].requires
    if requires is not None and not compatible(layer, loss):
        return Cell(layer, loss, None, note=f"needs {requires.text}")
    network, batch = example(layer, loss, seed)
    report = check_gradients(network, batch=batch, rng=seed, rtol=rtol)
    blocks = list(report.blocks.values())
    resolutions = [block.resolution for block in blocks if block.resolution is not None]
    resolved = [block for block in blocks if block.resolution is not None] or blocks  # a gradient of zero has none
    not_passed = [f"{block.name} {block.verdict.value}" for block in blocks if block.verdict is not Verdict.PASS]
    return Cell(
        layer,
        loss,
        report.verdict,
        max(block.error_bar for block in resolved),
        max(resolutions) if report and resolutions else None,
        report.evaluations,
        ", ".join(not_passed),
    )


def _known(what: str, given: Iterable[str] | None, known: tuple[str, ...]) -> tuple[str, ...]:
    """The names given, in the spelling of those known; all if none are given."""
    if given is None:
        return known
    lower = {name.lower(): name for name in known}
    names = (given,) if isinstance(given, str) else tuple(given)
    for name in names:
        if name.lower() not in lower:
            raise SubjectError(f"there is no {what} {name!r}{nearest(name, known)}; there are {', '.join(known)}")
    return tuple(lower[name.lower()] for name in names)
