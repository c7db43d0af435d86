"""Base class of losses: elements, their reduction, sample weights, and the gradient with respect to the predictions."""

from __future__ import annotations

import abc
import inspect
from typing import Any, Literal, get_args

import numpy as np

from gradcheck.nn.layer import Array

Reduction = Literal["mean", "sum", "none"]


class Loss(abc.ABC):
    """Distance of predictions from targets.

    Subclasses define the loss of each *element* (`_elements`) and its derivative (`_slopes`). An element is what the
    mean averages over: each number for the squared error, each sample for the cross-entropy, as in PyTorch.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        The mean divides by the number of elements, not by the sum of their weights.

    Notes
    -----
    With elements ℓ_i and weights w_i the loss is Σ w_i ℓ_i / n for ``"mean"``, Σ w_i ℓ_i for ``"sum"``, and the array
    w_i ℓ_i for ``"none"``. An element of weight 0 is left out, even if it is infinite. Overflow gives infinity without
    a warning.
    """

    def __init__(self, reduction: Reduction = "mean") -> None:
        if reduction not in get_args(Reduction):
            choices = ", ".join(get_args(Reduction))
            raise ValueError(f"{type(self).__name__}: reduction must be one of {choices}, got {reduction!r}")
        self.reduction: Reduction = reduction
        self._cache: Any = None

    @abc.abstractmethod
    def _checked(self, prediction: Array, target: Any) -> tuple[Array, Array]:
        """Validated arrays of predictions and targets; `ValueError` with the loss and the expected shape or range.

        The first may be a transformed prediction that both the loss and its gradient need, such as its log-softmax.
        """

    @abc.abstractmethod
    def _elements(self, prediction: Array, target: Array) -> Array:
        """Loss of each element."""

    @abc.abstractmethod
    def _slopes(self, prediction: Array, target: Array, factor: Array) -> Array:
        """Gradient of the sum of `factor` times the elements, with respect to the prediction."""

    def forward(self, prediction: Any, target: Any, weight: Any = None) -> Array:
        """Loss of a batch.

        Parameters
        ----------
        prediction : array_like
        target : array_like
        weight : array_like, optional
            One number for each sample, of shape (samples,), or one for each element.

        Returns
        -------
        ndarray
            A single number without axes, or one for each element if `reduction` is "none".
        """
        prediction = self._floating(prediction)
        with np.errstate(over="ignore"):
            prediction, target = self._checked(prediction, target)
            elements = self._elements(prediction, target)
            factor = self._factor(elements, weight)
            self._cache = prediction, target, factor
            weighted = product(factor, elements)
            return weighted if self.reduction == "none" else np.asarray(weighted.sum())

    __call__ = forward

    def backward(self, upstream: Any = 1.0) -> Array:
        """Gradient of the loss with respect to the prediction, times `upstream`.

        `upstream` is one number, or one for each element if `reduction` is "none".
        """
        if self._cache is None:
            raise ValueError(f"{self!r}: backward before forward; call forward(prediction, target) first")
        prediction, target, factor = self._cache
        upstream = np.asarray(upstream, dtype=prediction.dtype)
        if upstream.ndim and upstream.shape != (factor.shape if self.reduction == "none" else ()):
            expected = factor.shape if self.reduction == "none" else "a number"
            raise ValueError(f"{self!r}: backward takes an upstream gradient of {expected}, got shape {upstream.shape}")
        with np.errstate(over="ignore"):
            return self._slopes(prediction, target, factor * upstream)

    def spec(self) -> dict[str, Any]:
        """Describe the loss as plain data: its class and constructor arguments."""
        names = inspect.signature(type(self)).parameters
        return {"kind": type(self).__name__} | {name: getattr(self, name) for name in names}

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.spec().items() if name != "kind")
        return f"{type(self).__name__}({arguments})"

    def _floating(self, prediction: Any) -> Array:
        array = np.asarray(prediction)
        if array.dtype.kind not in "fiub":
            raise ValueError(f"{self!r}: takes predictions that are real numbers, got dtype {array.dtype}")
        if array.ndim == 0 or array.size == 0:
            raise ValueError(f"{self!r}: takes predictions of shape (samples, ...), got shape {array.shape}")
        return array.copy() if array.dtype.kind == "f" else array.astype(np.float64)

    def _real(self, target: Any) -> Array:
        """Targets as an array of finite real numbers, or `ValueError`."""
        array = np.asarray(target)
        if array.dtype.kind not in "fiub":
            raise ValueError(f"{self!r}: takes targets that are real numbers, got dtype {array.dtype}")
        if not np.isfinite(array).all():
            raise ValueError(f"{self!r}: takes targets that are finite, got {array[~np.isfinite(array)][0]}")
        return array

    def _factor(self, elements: Array, weight: Any) -> Array:
        """Factor of each element in the sum."""
        scale = 1.0 / elements.size if self.reduction == "mean" else 1.0
        if weight is None:
            return np.full_like(elements, scale)
        weight = np.asarray(weight, dtype=elements.dtype)
        if weight.shape == elements.shape[:1]:
            weight = weight.reshape(weight.shape + (1,) * (elements.ndim - 1))
        elif weight.shape != elements.shape:
            raise ValueError(
                f"{self!r}: takes weights of shape {elements.shape[:1]} or {elements.shape}, got {weight.shape}"
            )
        if not (np.isfinite(weight).all() and (weight >= 0).all()):
            raise ValueError(f"{self!r}: weights must be finite and not negative")
        factor: Array = np.broadcast_to(scale * weight, elements.shape)
        return factor

    def _same_shape(self, prediction: Array, target: Any) -> tuple[Array, Array]:
        """Validated arrays for losses whose targets have the shape of the predictions."""
        target = self._real(target)
        if target.shape != prediction.shape:
            raise ValueError(
                f"{self!r}: takes targets of the predictions' shape {prediction.shape}, got {target.shape}"
            )
        return prediction, target.astype(prediction.dtype)


def product(factor: Array, values: Array) -> Array:
    """Return factor times values, of the shape of the values, and 0 wherever the factor is 0."""
    result: Array = np.multiply(factor, values, out=np.zeros_like(values), where=factor != 0)
    return result
