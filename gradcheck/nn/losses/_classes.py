"""What losses of classes share. Classes are along axis 1, as in PyTorch; further axes are positions, such as pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.nn.layer import Array
from gradcheck.nn.losses.loss import Loss

#: How far shares may be from a sum of 1: enough for two decimals, narrow floating types, and the steps of a numerical
#: derivative.
TOLERANCE = 0.02


def refuse_no_classes(loss: Loss, prediction: Array) -> None:
    """Refuse predictions without an axis of classes."""
    if prediction.ndim < 2:
        raise ValueError(f"{loss!r}: takes predictions of shape (samples, classes, ...), got {prediction.shape}")


def refuse_no_shares(loss: Loss, shares: Array, what: str) -> None:
    """Refuse numbers that are negative, NaN or do not sum to 1 over the classes."""
    if not (shares >= 0).all():
        raise ValueError(f"{loss!r}: takes {what} between 0 and 1, got {shares[~(shares >= 0)][0]}")
    total = shares.sum(axis=1)
    wrong = total[~(np.abs(total - 1) <= TOLERANCE)]
    if wrong.size:
        raise ValueError(f"{loss!r}: takes {what} that sum to 1 over the classes (axis 1), got a sum of {wrong[0]:.6g}")


def refuse_no_logarithms(loss: Loss, prediction: Array) -> None:
    """Refuse numbers that cannot be the logarithms of probabilities, as they are positive."""
    wrong = prediction[prediction > TOLERANCE]
    if wrong.size:
        raise ValueError(f"{loss!r}: takes logarithms of probabilities, which are not positive, got {wrong[0]}")


def class_indices(loss: Loss, prediction: Array, target: Any) -> Array:
    """Targets as the index of a class for each sample, of shape (samples, 1, ...)."""
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


def class_shares(loss: Loss, prediction: Array, target: Any) -> Array:
    """Targets as the share of each class, of the predictions' shape, from these or from class indices."""
    if np.shape(target) == prediction.shape:
        _, shares = loss._same_shape(prediction, target)
        refuse_no_shares(loss, shares, "shares")
        return shares
    if np.ndim(target) == prediction.ndim:
        raise ValueError(
            f"{loss!r}: takes shares of the predictions' shape {prediction.shape}, or class indices of shape "
            f"{prediction.shape[:1] + prediction.shape[2:]}, got {np.shape(target)}"
        )
    shares = np.zeros_like(prediction)
    np.put_along_axis(shares, class_indices(loss, prediction, target), 1, axis=1)
    return shares
