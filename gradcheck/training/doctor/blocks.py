"""Which blocks are weights, which way they point, and in which order."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence

from gradcheck.subjects.subject import Block
from gradcheck.training.doctor.run import Weights


def weights_of(blocks: Sequence[Block], *, rows: bool | None = None, width: int | None = None) -> tuple[Weights, ...]:
    """Blocks with two axes and more, with fan-in and fan-out.

    Parameters
    ----------
    blocks : sequence of Block
        In the order of the forward pass.
    rows : bool, optional
        Whether inputs lie along the first axis of a matrix; guessed from how the shapes fit together if not given.
    width : int, optional
        Numbers in one sample.

    Examples
    --------
    >>> blocks = [Block("W1", (5, 2), "float64"), Block("b1", (5, 1), "float64"), Block("W2", (1, 5), "float64")]
    >>> weights_of(blocks)[0]
    Weights(block=0, inputs=2, outputs=5, rows=False)
    """
    chosen = [(i, block.shape) for i, block in enumerate(blocks) if len(block.shape) > 1 and min(block.shape) >= 1]
    chosen = [(i, shape) for i, shape in chosen if not _bias(i, shape, blocks)]
    if rows is None:
        rows = _points_from_rows([shape for _, shape in chosen], blocks, width)
    return tuple(Weights(i, *_fans(shape, rows), rows) for i, shape in chosen)


def _bias(i: int, shape: tuple[int, ...], blocks: Sequence[Block]) -> bool:
    """A column or a row that is called a bias, and has as many entries as a matrix has on one side."""
    if len(shape) != 2 or min(shape) != 1:
        return False
    others = [block.shape for k, block in enumerate(blocks) if k != i and len(block.shape) == 2]
    return called_bias(blocks[i].name) and any(max(shape) in other for other in others)


def called_bias(name: str) -> bool:
    """Whether a block is called ``b``, ``b1``, ``layers.0.b``, ``params['bias']`` and the like."""
    words = [word for word in re.findall(r"[A-Za-z_]+", name) if word]
    return bool(words) and (words[-1].lower().startswith("b") or "bias" in words[-1].lower())


def _fans(shape: tuple[int, ...], rows: bool) -> tuple[int, int]:
    if len(shape) == 2:
        return (shape[0], shape[1]) if rows else (shape[1], shape[0])
    places = math.prod(shape[2:])  # a kernel: outputs, inputs, places
    return shape[1] * places, shape[0] * places


def _points_from_rows(shapes: Sequence[tuple[int, ...]], blocks: Sequence[Block], width: int | None) -> bool:
    """Whether matrices are written as (inputs, outputs): the one of two readings under which more fits."""
    matrices = [shape for shape in shapes if len(shape) == 2]
    fits = [0, 0]
    for first, second in itertools.pairwise(matrices):
        fits[0] += first[1] == second[0]
        fits[1] += first[0] == second[1]
    if width is not None and matrices:
        fits[0] += matrices[0][0] == width
        fits[1] += matrices[0][1] == width
    for block in blocks:
        column = len(block.shape) == 2 and block.shape[1] == 1 and block.shape[0] > 1
        fits[1] += column and any(block.shape[0] == shape[0] != shape[1] for shape in matrices if shape != block.shape)
    return fits[0] >= fits[1]
