"""Hidden units: their outputs for each sample and the slopes of their activations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.subjects.subject import Point, Subject

Array = NDArray[np.float64]

#: At most this many samples are evaluated one by one. Symmetry and dead units show in far fewer.
MAX_SAMPLES = 64

#: A matrix counts as an outer product if its second singular value is at most this fraction of the first.
RANK_ONE_TOLERANCE = 1e-6


@dataclass(frozen=True)
class HiddenLayer:
    """The hidden units of one layer.

    Attributes
    ----------
    name : str
    outputs : ndarray, shape (observations, units)
        One row per sample (and position, and time step).
    slopes : ndarray or None
        f′ of the activation, where it can be observed.
    has_flat_side : bool
        Whether f is exactly constant on one side, as ReLU is.
    up_to_factor : bool
        Whether each row of `outputs` is known up to a factor only.
    """

    name: str
    outputs: Array
    slopes: Array | None = None
    has_flat_side: bool = False
    up_to_factor: bool = False


def network_hidden_layers(subject: Any, point: Point) -> list[HiddenLayer]:
    """Activations of a `gradcheck.nn.Network` that precede its last layer with parameters.

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
        has_flat_side = bool((layer.derivative(np.array([-1.0, -2.0])) == 0).all())
        outputs, slopes = (_rows(np.asarray(a), axis) for a in (layer.value(x), layer.derivative(x)))
        if outputs.shape[1] > 1:
            found.append(HiddenLayer(f"{kind} ({name})", outputs, slopes, has_flat_side))
    return found


def _rows(array: Array, axis: int) -> Array:
    """One column per unit; one row per sample, position and time step."""
    moved = np.moveaxis(array, axis if array.ndim > 2 else -1, -1)
    return moved.reshape(-1, moved.shape[-1]).astype(np.float64)


def hidden_layers_from_gradients(
    subject: Subject, point: Point, later_weights: list[tuple[int, bool]]
) -> list[HiddenLayer]:
    """Infer the outputs of hidden units of any model from the gradients of single samples.

    For one sample, the gradient with respect to the weights between two dense layers is an outer product of the
    outputs of the first layer and the gradient at the input of the second. It determines the outputs up to a factor.

    Parameters
    ----------
    subject : Subject
        Its batch can be split into samples.
    point : Point
    later_weights : list of (int, bool)
        Weight blocks that read hidden units, and whether the units lie along the first axis.
    """
    count = min(subject.samples, MAX_SAMPLES)
    if count < 2 or not later_weights:
        return []
    rows: dict[int, list[Array]] = {block: [] for block, _ in later_weights}
    for i in range(count):
        one = subject.restricted(slice(i, i + 1))
        if one is None:
            return []
        gradient = one.gradient(tuple(x.copy() for x in point))
        for block, first in later_weights:
            outputs = _unit_factor(np.asarray(gradient[block], dtype=np.float64), first)
            if outputs is not None:
                rows[block].append(outputs)
    return [
        HiddenLayer(f"before {subject.blocks[block].name}", np.array(rows[block]), up_to_factor=True)
        for block, _ in later_weights
        if len(rows[block]) == count and rows[block][0].size > 1
    ]


def _unit_factor(gradient: Array, first: bool) -> Array | None:
    """The factor of an outer product that belongs to the units, scaled to a largest entry of 1."""
    if gradient.ndim != 2 or not np.isfinite(gradient).all() or not gradient.any():
        return None
    left, sizes, right = np.linalg.svd(gradient, full_matrices=False)
    if sizes.size > 1 and sizes[1] > RANK_ONE_TOLERANCE * sizes[0]:
        return None
    units: Array = left[:, 0] if first else right[0]
    peak: Array = units / units[np.argmax(np.abs(units))]
    return peak
