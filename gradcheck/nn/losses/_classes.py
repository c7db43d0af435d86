"""Validation of predictions and targets for classification losses.

The classes are along axis 1, as in PyTorch. Further axes are positions, such as pixels.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.nn.layer import Array
from gradcheck.nn.losses.loss import Loss

#: How far probabilities of a sample may be from a sum of 1, and their logarithms above 0: enough for two decimals, for
#: narrow floating-point types, and for the steps of a numerical derivative.
PROBABILITY_TOLERANCE = 0.02


def check_class_axis(loss: Loss, prediction: Array) -> None:
    """Raise `ValueError` unless predictions have an axis of classes."""
    if prediction.ndim < 2:
        raise ValueError(f"{loss!r}: takes predictions of shape (samples, classes, ...), got {prediction.shape}")


def check_probabilities(loss: Loss, probabilities: Array, what: str) -> None:
    """Raise `ValueError` if a number is negative or NaN, or they do not sum to 1 over the classes."""
    if not (probabilities >= 0).all():
        raise ValueError(f"{loss!r}: takes {what} between 0 and 1, got {probabilities[~(probabilities >= 0)][0]}")
    total = probabilities.sum(axis=1)
    wrong = total[~(np.abs(total - 1) <= PROBABILITY_TOLERANCE)]
    if wrong.size:
        raise ValueError(f"{loss!r}: takes {what} that sum to 1 over the classes (axis 1), got a sum of {wrong[0]:.6g}")


def check_log_probabilities(loss: Loss, prediction: Array) -> None:
    """Raise `ValueError` for positive numbers, which are not logarithms of probabilities."""
    wrong = prediction[prediction > PROBABILITY_TOLERANCE]
    if wrong.size:
        raise ValueError(
            f"{loss!r}: takes logarithms of probabilities (the output of LogSoftmax), which are at most 0, "
            f"got {wrong[0]}"
        )


def class_indices(loss: Loss, prediction: Array, target: Any) -> Array:
    """Targets as class indices of shape (samples, 1, ...); `ValueError` unless they fit the predictions."""
    array = loss._real(target)
    classes, shape = prediction.shape[1], prediction.shape[:1] + prediction.shape[2:]
    if array.shape != shape:
        raise ValueError(f"{loss!r}: takes class indices of shape {shape}, got {array.shape}")
    fits = (array >= 0) & (array < classes)
    if array.dtype.kind == "f":
        fits &= array == np.floor(array)
    if not fits.all():
        wrong = array[~fits]
        raise ValueError(
            f"{loss!r}: takes class indices that are whole numbers from 0 to {classes - 1}, got {wrong[0]}"
        )
    return np.expand_dims(array.astype(np.intp), 1)


def class_probabilities(loss: Loss, prediction: Array, target: Any) -> Array:
    """Targets as probabilities of the classes, of the shape of the predictions, from probabilities or class indices."""
    if np.shape(target) == prediction.shape:
        _, probabilities = loss._same_shape(prediction, target)
        check_probabilities(loss, probabilities, "targets")
        return probabilities
    if np.ndim(target) == prediction.ndim:
        raise ValueError(
            f"{loss!r}: takes probabilities of the predictions' shape {prediction.shape}, or class indices of shape "
            f"{prediction.shape[:1] + prediction.shape[2:]}, got {np.shape(target)}"
        )
    probabilities = np.zeros_like(prediction)
    np.put_along_axis(probabilities, class_indices(loss, prediction, target), 1, axis=1)
    return probabilities
