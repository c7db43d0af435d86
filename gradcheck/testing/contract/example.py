"""A layer with a batch that it is tried on, and what is found to be wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from gradcheck.nn.layer import Layer
from gradcheck.reports.report import Report
from gradcheck.subjects.layer import INPUT, has_index_input
from gradcheck.testing.contract.shape_sweep import Shape

Array = NDArray[Any]


@dataclass(frozen=True)
class Example:
    """A new layer and a batch for it.

    Attributes
    ----------
    shape : tuple of int
        Shape of the batch.
    layer : Layer
    x : ndarray
        The batch.
    """

    shape: Shape
    layer: Layer
    x: Array


@dataclass(frozen=True)
class Violation:
    """A promise that a layer breaks.

    Attributes
    ----------
    shape : tuple of int
        Shape of the batch on which it shows.
    problem : str
        What is wrong.
    remedy : str
        What to do about it.
    report : Report or None
        The check that shows it, if it is one of gradients.
    undecided : bool
        Whether the arithmetic allows no decision: then nothing is known to be wrong, and nothing is known to be right.
    """

    shape: Shape
    problem: str
    remedy: str
    report: Report | None = None
    undecided: bool = False


def block_names(example: Example) -> list[str]:
    """Names of the blocks of a layer: its input, unless that holds indices, and its parameters."""
    own = list(example.layer.params)
    return own if has_index_input(example.layer, example.x) else [INPUT, *own]
