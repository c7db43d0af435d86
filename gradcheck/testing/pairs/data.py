"""The table of layers and losses as frozen data: one `Cell` a layer and loss, all of them in `PairsData`."""

from __future__ import annotations

from dataclasses import dataclass

from gradcheck.verdicts.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Cell:
    """One layer with one loss.

    Attributes
    ----------
    layer, loss : str
    verdict : Verdict or None
        None if the two cannot be combined; `note` says why.
    error_bar : float or None
        The largest error bar of any parameter, relative to its gradient.
    resolution : float or None
        For a pass: the smallest relative error of one entry that would have been seen in every parameter.
    evaluations : int
        Evaluations of the loss.
    note : str
        The parameters that did not pass, or what the loss needs.
    """

    layer: str
    loss: str
    verdict: Verdict | None
    error_bar: float | None = None
    resolution: float | None = None
    evaluations: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class PairsData:
    """The table. True if every cell passes, apart from layers and losses that cannot be combined.

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

    version: str
    seed: int
    cells: tuple[Cell, ...]
    seconds: float

    @property
    def verdict(self) -> Verdict:
        """Fail if any cell fails, else undecided if any is undecided, else pass."""
        found = {cell.verdict for cell in self.cells}
        return next((v for v in (Verdict.FAIL, Verdict.UNDECIDED) if v in found), Verdict.PASS)

    @property
    def evaluations(self) -> int:
        """Evaluations of all losses together."""
        return sum(cell.evaluations for cell in self.cells)

    def __bool__(self) -> bool:
        return self.verdict is Verdict.PASS
