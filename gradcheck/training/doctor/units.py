"""Hidden units: what they put out for each sample, and the slopes of their activations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.subjects.subject import Point, Subject

Array = NDArray[np.float64]

#: Samples that are looked at one by one.
SAMPLES = 64

#: A gradient of one sample is an outer product if its second singular value is this much below the first.
RANK = 1e-6


@dataclass(frozen=True)
class Layer:
    """The hidden units of one layer.

    Attributes
    ----------
    name : str
    outputs : ndarray, shape (observations, units)
        One row a sample (and place, and time step); of a plain model only up to a factor common to each row.
    slopes : ndarray or None
        f′ where the units were observed.
    clipped : bool
        Whether f is exactly flat on one side, as ReLU is.
    scaled : bool
        Whether rows are known up to a factor only.
    """

    name: str
    outputs: Array
    slopes: Array | None = None
    clipped: bool = False
    scaled: bool = False


def of_network(subject: Any, point: Point) -> list[Layer]:
    """Activations of a `gradcheck.nn.Network` that layers with parameters follow.

    Parameters
    ----------
    subject : NetworkSubject
    point : Point
    """
    from gradcheck.nn.activations.activation import Activation
    from gradcheck.subjects.network import capture_layers

    with subject.session():
        subject.loss(point)
        seen, _ = capture_layers(subject.network, subject.batch[0])
    last = max((i for i, (_, layer, _) in enumerate(seen) if layer.params and not layer.children()), default=0)
    found, axis = [], -1
    for i, (name, layer, x) in enumerate(seen):
        if layer.children():
            continue
        kind = type(layer).__name__
        axis = 1 if kind.startswith("Conv") else -1 if layer.params and not kind.endswith("Norm") else axis
        axis = -1 if kind in ("Flatten", "Reshape") else axis
        if not isinstance(layer, Activation) or i >= last:
            continue
        clipped = bool((layer.derivative(np.array([-1.0, -2.0])) == 0).all())
        outputs, slopes = (_rows(np.asarray(a), axis) for a in (layer.value(x), layer.derivative(x)))
        if outputs.shape[1] > 1:
            found.append(Layer(f"{kind} ({name})", outputs, slopes, clipped))
    return found


def _rows(array: Array, axis: int) -> Array:
    """One column a unit, one row for each sample, place and time step."""
    moved = np.moveaxis(array, axis if array.ndim > 2 else -1, -1)
    return moved.reshape(-1, moved.shape[-1]).astype(np.float64)


def of_samples(subject: Subject, point: Point, later: list[tuple[int, bool]]) -> list[Layer]:
    """Units of a model whose inside cannot be seen, from the gradients of single samples.

    For one sample the gradient by the weights between two dense layers is an outer product: what the units put out,
    times the derivatives by what they are put into. So it shows the outputs up to a factor.

    Parameters
    ----------
    subject : Subject
        Its batch can be split.
    point : Point
    later : list of (int, bool)
        Blocks of weights that follow hidden units, and whether units lie along the first axis.
    """
    count = min(subject.samples, SAMPLES)
    if count < 2 or not later:
        return []
    rows: dict[int, list[Array]] = {block: [] for block, _ in later}
    for i in range(count):
        one = subject.restricted(slice(i, i + 1))
        if one is None:
            return []
        gradient = one.gradient(tuple(x.copy() for x in point))
        for block, first in later:
            outputs = _outer(np.asarray(gradient[block], dtype=np.float64), first)
            if outputs is not None:
                rows[block].append(outputs)
    return [
        Layer(f"before {subject.blocks[block].name}", np.array(rows[block]), scaled=True)
        for block, _ in later
        if len(rows[block]) == count and rows[block][0].size > 1
    ]


def _outer(gradient: Array, first: bool) -> Array | None:
    """The factor of an outer product that belongs to the units, with its largest entry at 1."""
    if gradient.ndim != 2 or not np.isfinite(gradient).all() or not gradient.any():
        return None
    left, sizes, right = np.linalg.svd(gradient, full_matrices=False)
    if sizes.size > 1 and sizes[1] > RANK * sizes[0]:
        return None
    units: Array = left[:, 0] if first else right[0]
    peak: Array = units / units[np.argmax(np.abs(units))]
    return peak
