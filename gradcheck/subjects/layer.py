"""One layer, or the loss, of a network as a subject."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.nn import Layer
from gradcheck.nn.losses.loss import Loss
from gradcheck.subjects.batch import MIN_COUNT, array_counts, first_of_each, sample_counts
from gradcheck.subjects.foreign_layer import user_callables
from gradcheck.subjects.function import FunctionSubject
from gradcheck.subjects.selection import Wrt
from gradcheck.subjects.subject import Point, Subject
from gradcheck.subjects.views import LayerView, LossView

Array = NDArray[Any]

#: Names of the blocks for the input of a layer and for the input of a loss.
INPUT, PREDICTION = "x", "prediction"


class LayerSubject(FunctionSubject):
    """A layer. Its blocks are its input, unless that holds indices, and its parameters.

    The loss is Σ U·y with the output y of the layer and a random upstream gradient U. The claimed gradient is what the
    `backward` of the layer returns for U.

    Parameters
    ----------
    layer : Layer
        The subject changes its parameters.
    x : ndarray
        Its input in the network.
    name : str
        Its path in the network.
    others : dict of str to ndarray
        Inputs of the other layers by name.
    upstream : ndarray, optional
        The U; random by default.
    wrt : str or iterable of str, optional
        Names of the blocks to check.
    alone : bool
        Whether it is no part of a network.
    """

    def __init__(
        self,
        layer: Layer,
        x: Array,
        name: str,
        others: Mapping[str, Array] = MappingProxyType({}),
        upstream: Array | None = None,
        *,
        wrt: Wrt = None,
        alone: bool = False,
    ) -> None:
        self._fresh = copy.deepcopy(layer)
        self._layer, self._x, self._others = layer, x, others
        output = copy.deepcopy(layer).forward(x)
        self.upstream = np.random.default_rng(0).standard_normal(output.shape) if upstream is None else upstream
        self._index_input = has_index_input(layer, x)
        start: dict[str, Array] = {} if self._index_input else {INPUT: x}
        start |= {key: np.array(value) for key, value in layer.params.items()}
        super().__init__(self._loss_at, self._gradient_at, start, wrt=wrt)
        self._grad_source = f"{type(layer).__name__}.backward() returned"
        self.parallel = False  # there is one layer, which is changed in place
        self.name = name if alone else f"{name} ({type(layer).__name__})"
        self.place = "" if alone else name
        self.inputs = {} if self._index_input else {INPUT: ()}
        self._output_shape = output.shape

    def _loss_at(self, point: dict[str, Array], upstream: Array | None = None) -> float:
        y = self._forward(self._layer, point)
        return float(np.sum((self.upstream if upstream is None else upstream) * y))

    def _gradient_at(self, point: dict[str, Array]) -> dict[str, Array]:
        return self._claimed(self._layer, point)

    def _forward(self, layer: Layer, point: dict[str, Array]) -> Array:
        for key in layer.params:
            layer.params[key] = point[key]
        return layer.forward(self._x if self._index_input else point[INPUT])

    def _claimed(self, layer: Layer, point: dict[str, Array]) -> dict[str, Array]:
        y = self._forward(layer, {key: value.copy() for key, value in point.items()})
        downstream = layer.backward(self.upstream.astype(y.dtype))
        grads = {key: np.array(layer.grads[key]) for key in layer.params}
        return grads if self._index_input else {INPUT: downstream} | grads

    def functions(self) -> tuple[Any, ...]:
        """The layer, and what it was made of if it is one of another library."""
        return user_callables(self._layer)

    @property
    def samples(self) -> int:
        """Samples of the input."""
        return len(self._x)

    def restricted(self, part: slice) -> Subject | None:
        """The same layer with an upstream gradient of zero for the other samples."""
        other = copy.copy(self)
        other.upstream = np.zeros_like(self.upstream)
        other.upstream[part] = self.upstream[part]
        other._fun, other._grad = other._loss_at, other._gradient_at
        return other

    def counts(self) -> dict[int, str]:
        """Number of samples, lengths and sizes of input and output, and numbers of positions."""
        counts = sample_counts(self.samples)
        for shape, what in ((self._x.shape, "the input"), (self._output_shape, "the output")):
            counts += array_counts(shape, what)
            terms = (int(np.prod(shape[2:])), int(np.prod(shape[1:])), int(np.prod((shape[0], *shape[2:]))))
            counts += [(n, f"Sums over {what} have {n} terms") for n in terms if n >= MIN_COUNT]
        return first_of_each(*counts)

    def view(self, point: Point) -> LayerView:
        """The layer at a point, computed by unused copies of it."""
        given: dict[str, Array] = self._parameters.nested([np.array(x) for x in point], self._fixed)
        layer = copy.deepcopy(self._fresh)
        y = np.array(self._forward(layer, given))
        fresh = copy.deepcopy(self._fresh)
        claimed = self._claimed(fresh, given)
        after = {key: np.array(value) for key, value in fresh.params.items()}

        def loss(moved: Point, upstream: Array) -> float:
            return self._loss_at(self._parameters.nested(list(moved), self._fixed), upstream)

        return LayerView(
            layer,
            given.get(INPUT, self._x),
            y,
            self.upstream,
            {key: given[key] for key in layer.params},
            lambda x: np.array(copy.deepcopy(layer).forward(x)),
            loss,
            dict(self._others),
            tuple(np.asarray(claimed[block.name]) for block in self.blocks),
            after,
        )


class LossSubject(FunctionSubject):
    """The loss of a network. Its block is the prediction."""

    def __init__(self, criterion: Loss, prediction: Array, target: Any, weight: Any = None) -> None:
        self._criterion, self._target, self._weight, self._prediction = criterion, target, weight, prediction
        super().__init__(self._loss_at, self._gradient_at, {PREDICTION: prediction})
        self.parallel = False
        self.name, self.place = f"loss ({type(criterion).__name__})", "loss"
        self.inputs = {PREDICTION: ()}

    def _loss_at(self, point: dict[str, Array]) -> float:
        return float(self._criterion.forward(point[PREDICTION], self._target, self._weight))

    def _gradient_at(self, point: dict[str, Array]) -> dict[str, Array]:
        self._loss_at(point)
        return {PREDICTION: self._criterion.backward()}

    def counts(self) -> dict[int, str]:
        """Number of samples, lengths and size of the prediction."""
        return first_of_each(
            *sample_counts(len(self._prediction)), *array_counts(self._prediction.shape, "the prediction")
        )

    def view(self, point: Point) -> LossView:
        """The loss at a point."""
        criterion = copy.deepcopy(self._criterion)
        value = float(criterion.forward(point[0], self._target, self._weight))
        return LossView(criterion, np.array(point[0]), self._target, value)


def has_index_input(layer: Layer, x: Array) -> bool:
    """Whether the input holds indices, which have no derivative."""
    return layer.takes_indices or x.dtype.kind in "iub"
