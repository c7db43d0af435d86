"""Which parameter blocks are weights of a layer, with their fan-in, fan-out and orientation."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from gradcheck.subjects.subject import Block


@dataclass(frozen=True)
class WeightBlock:
    """A block that maps the outputs of one layer to the inputs of the next.

    Attributes
    ----------
    block : int
        Index of the block.
    inputs, outputs : int
        Fan-in and fan-out.
    rows : bool
        Whether inputs lie along the first axis.
    """

    block: int
    inputs: int
    outputs: int
    rows: bool


def weight_blocks(
    blocks: Sequence[Block], *, rows: bool | None = None, width: int | None = None
) -> tuple[WeightBlock, ...]:
    """Blocks with two axes or more that are not biases, with fan-in and fan-out.

    Parameters
    ----------
    blocks : sequence of Block
        In the order of the forward pass.
    rows : bool, optional
        Whether inputs lie along the first axis of a matrix. By default it is inferred from the shapes.
    width : int, optional
        Number of features of a sample.

    Examples
    --------
    >>> blocks = [Block("W1", (5, 2), "float64"), Block("b1", (5, 1), "float64"), Block("W2", (1, 5), "float64")]
    >>> weight_blocks(blocks)[0]
    WeightBlock(block=0, inputs=2, outputs=5, rows=False)
    """
    chosen = [(i, block.shape) for i, block in enumerate(blocks) if len(block.shape) > 1 and min(block.shape) >= 1]
    chosen = [(i, shape) for i, shape in chosen if not _is_bias(i, shape, blocks)]
    if rows is None:
        rows = _inputs_along_rows([shape for _, shape in chosen], blocks, width)
    return tuple(WeightBlock(i, *_fans(shape, rows), rows) for i, shape in chosen)


def _is_bias(i: int, shape: tuple[int, ...], blocks: Sequence[Block]) -> bool:
    """Whether a row or column has the name of a bias and the length of one side of some matrix."""
    if len(shape) != 2 or min(shape) != 1:
        return False
    others = [block.shape for k, block in enumerate(blocks) if k != i and len(block.shape) == 2]
    return named_like_bias(blocks[i].name) and any(max(shape) in other for other in others)


def named_like_bias(name: str) -> bool:
    """Whether a block has the name of a bias: ``b``, ``b1``, ``layers.0.b``, ``params['bias']`` and the like."""
    words = [word for word in re.findall(r"[A-Za-z_]+", name) if word]
    return bool(words) and (words[-1].lower().startswith("b") or "bias" in words[-1].lower())


def _fans(shape: tuple[int, ...], rows: bool) -> tuple[int, int]:
    if len(shape) == 2:
        return (shape[0], shape[1]) if rows else (shape[1], shape[0])
    positions = math.prod(shape[2:])  # a kernel has the axes (outputs, inputs, positions …)
    return shape[1] * positions, shape[0] * positions


def _inputs_along_rows(shapes: Sequence[tuple[int, ...]], blocks: Sequence[Block], width: int | None) -> bool:
    """Whether matrices have the shape (inputs, outputs): the orientation under which more shapes fit together."""
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
