"""Base class of recurrent layers: the loop over time, forward and backward."""

from __future__ import annotations

import abc
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.nn.initial import Scale, normal
from gradcheck.nn.layer import RNG, Array, Layer, check_sizes
from gradcheck.nn.layers._mask import step_mask

#: The hidden state h, and further arrays that a layer passes from step to step.
State = tuple[Array, ...]


class Recurrent(Layer):
    """A state that starts at zero and is updated by each step of a sequence.

    Subclasses define the step as a function of two sums, ``inward`` = x_t Wx + b and ``product`` = h Wh (+ bh), and its
    derivatives with respect to them. This class computes the matrix products and handles masks and the order of steps.

    Parameters
    ----------
    features, units : int
    last : bool
    reverse : bool
    scale : {"glorot", "he", "lecun"} or float
    rng : None, int, SeedSequence or Generator
    dtype : dtype

    Notes
    -----
    A masked step keeps the state, so the gradient with respect to the state passes through it unchanged. The input of
    that step, even NaN, has no effect.
    """

    #: Width of both sums in units.
    gates: ClassVar[int]

    #: Number of arrays in the state.
    states: ClassVar[int] = 1

    #: Whether `product` has its own bias, bh.
    second_bias: ClassVar[bool] = False

    def __init__(
        self,
        features: int,
        units: int,
        *,
        last: bool = False,
        reverse: bool = False,
        scale: Scale = "glorot",
        rng: RNG = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        super().__init__()
        check_sizes(type(self).__name__, features=features, units=units)
        self.features, self.units, self.last, self.reverse, self.scale = features, units, last, reverse, scale
        rng = np.random.default_rng(rng)
        width = self.gates * units
        self.params["Wx"] = normal((features, width), features, units, scale=scale, rng=rng, dtype=dtype)
        self.params["Wh"] = normal((units, width), units, units, scale=scale, rng=rng, dtype=dtype)
        self.params["b"] = np.zeros(width, dtype)
        if self.second_bias:
            self.params["bh"] = np.zeros(width, dtype)

    @abc.abstractmethod
    def _step(self, inward: Array, product: Array, state: State) -> tuple[State, Any]:
        """State after a step, and the values that its derivative needs."""

    @abc.abstractmethod
    def _step_back(self, slopes: State, state: State, kept: Any) -> tuple[Array, Array, State]:
        """Gradients with respect to `inward`, to `product`, and directly to the state before the step.

        `slopes` are the gradients with respect to the state after the step; `state` is the one before it. The path
        through `product` is not part of the third gradient.
        """

    def forward(self, x: Array, mask: Any = None) -> Array:
        """Hidden states of all steps, or with `last` the one after the last step.

        Parameters
        ----------
        x : ndarray of shape (samples, time, features)
        mask : ndarray of bool of shape (samples, time), optional
            False for steps that are skipped: the state does not change, and the output repeats it.

        Returns
        -------
        ndarray of shape (samples, time, units), or (samples, units) with `last`
        """
        x = self._input(x, "time", self.features)
        mask = step_mask(self, mask, x.shape[:2])
        if mask is not None:
            x = np.where(mask[..., None], x, 0)
        inward = x @ self.params["Wx"] + self.params["b"]
        before = np.empty((*x.shape[:2], self.units), inward.dtype)
        after = np.empty_like(before)
        state: State = tuple(np.zeros((self.states, x.shape[0], self.units), inward.dtype))
        steps = []
        for t in self._order(x.shape[1]):
            before[:, t] = state[0]
            new, kept = self._step(inward[:, t], self._product(state[0]), state)
            steps.append((t, state, kept))
            state = new if mask is None else _chosen(mask[:, t], new, state)
            after[:, t] = state[0]
        y = state[0].copy() if self.last else after
        self._keep(x, mask, before, steps, y)
        return y

    def backward(self, upstream: Array) -> Array:
        """Gradient of shape (samples, time, features)."""
        downstream: Array = self._through_time(upstream) @ self.params["Wx"].T
        return downstream

    def parameter_gradients(self, upstream: Array) -> None:
        """Set the gradients of the parameters without the product that `backward` returns."""
        self._through_time(upstream)

    def _through_time(self, upstream: Array) -> Array:
        """Set the gradients of the parameters; return the gradient with respect to `inward` of all steps."""
        x, mask, before, steps, _ = self._kept(upstream)
        later = np.zeros_like(before)
        later[:, steps[-1][0] if self.last else slice(None)] = upstream
        shape = *before.shape[:2], self.gates * self.units
        d_inward, d_product = np.empty(shape, before.dtype), np.empty(shape, before.dtype)
        slopes: State = tuple(np.zeros((self.states, before.shape[0], self.units), before.dtype))
        for t, state, kept in reversed(steps):
            slopes = slopes[0] + later[:, t], *slopes[1:]
            none = tuple(np.zeros_like(slope) for slope in slopes)
            inner = slopes if mask is None else _chosen(mask[:, t], slopes, none)
            d_inward[:, t], d_product[:, t], direct = self._step_back(inner, state, kept)
            through = direct[0] + d_product[:, t] @ self.params["Wh"].T, *direct[1:]
            slopes = through if mask is None else _chosen(mask[:, t], through, slopes)
        self.grads["Wx"] = _summed(x, d_inward)
        self.grads["Wh"] = _summed(before, d_product)
        self.grads["b"] = d_inward.sum(axis=(0, 1))
        if self.second_bias:
            self.grads["bh"] = d_product.sum(axis=(0, 1))
        return d_inward

    def _order(self, time: int) -> range:
        """Indices of the steps in the order of computation."""
        return range(time - 1, -1, -1) if self.reverse else range(time)

    def _product(self, h: Array) -> Array:
        """The sum h Wh (+ bh)."""
        product: Array = h @ self.params["Wh"]
        return product + self.params["bh"] if self.second_bias else product


def _chosen(counts: Array, state: State, other: State) -> State:
    """Combine two states: `state` for samples that count, `other` for the rest."""
    return tuple(np.where(counts[:, None], mine, theirs) for mine, theirs in zip(state, other, strict=True))


def _summed(left: Array, right: Array) -> Array:
    """Sum of outer products over samples and time."""
    total: Array = left.reshape(-1, left.shape[-1]).T @ right.reshape(-1, right.shape[-1])
    return total
