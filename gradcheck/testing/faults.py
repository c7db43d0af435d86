"""Fault injection: gradients, layers, losses and networks that contain a known mistake, for tests and benchmarks.

A fault is one variant of a mistake of the catalogue. It is applied to a right gradient, and the check has to find it.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck import nn
from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes import BY_SLUG
from gradcheck.diagnosis.mistakes.mistake import ChangedSamples, OtherLoss, RightGradient, SampleWeights, Variant
from gradcheck.errors import SubjectError
from gradcheck.subjects.layer import INPUT, LayerSubject, LossSubject
from gradcheck.subjects.subject import Point, Subject

Array = NDArray[Any]


@dataclass(frozen=True)
class FaultSettings:
    """Numbers that decide which faults are injected, and how.

    Attributes
    ----------
    visible : float
        A fault must change the gradient by at least this part of its largest entry, and also differ by it from the
        negative gradient and from zero: those have names of their own.
    negligible : float
        A block whose gradient is at most this part of the largest of all blocks is zero except for round-off. No fault
        is injected there.
    step_exponents : tuple of int
        Steps of numerical derivatives are 2⁻ᵏ for these k. Successive steps must have the ratio 4.
    early_rate : float
        Learning rate of `UpdatesTooEarly`: large enough to change the gradient visibly.
    """

    visible: float = 1e-2
    negligible: float = 1e-9
    step_exponents: tuple[int, ...] = (6, 8, 10, 12, 14, 16, 18)
    early_rate: float = 0.2


SETTINGS = FaultSettings()

#: Mistakes that can occur in a loss. The gradient of a prediction is not swapped, shifted and so on.
LOSS_MISTAKES = (
    "sign-flipped",
    "mean-sum",
    "constant-factor",
    "zero-gradient",
    "transposed",
    "extra-activation-derivative",
    "loss-mismatch",
    "low-precision",
)


@dataclass(frozen=True)
class Fault:
    """A mistake to inject.

    Attributes
    ----------
    slug : str
        The mistake.
    detail : str
        Which variant of it.
    block : str
        Name of the block whose gradient becomes wrong.
    factor : float
        A constant factor in addition.
    then : Fault or None
        Another fault of the same block, applied to the result.
    """

    slug: str
    detail: str
    block: str
    factor: float = 1.0
    then: Fault | None = None


def visible_faults(subject: Subject, right: Point, slugs: Iterable[str] | None = None) -> Iterator[Fault]:
    """Yield the faults that can be injected into a subject and visibly change its gradient.

    Parameters
    ----------
    subject : Subject
    right : tuple of ndarray
        The right gradient at the subject's point.
    slugs : iterable of str, optional
        Mistakes, in the order in which they are tried; the whole catalogue by default.

    Yields
    ------
    Fault
        One for each block and variant. They are computed lazily, so the first one is cheap.
    """
    context = Context(subject, subject.point, right)
    largest = max(float(np.abs(g).max(initial=0.0)) for g in right)
    for slug in BY_SLUG if slugs is None else slugs:
        for b, block in enumerate(subject.blocks):
            for variant in BY_SLUG[slug].variants(context, b):
                if isinstance(variant, (RightGradient, SampleWeights, ChangedSamples)):
                    continue  # these explain a wrong gradient, but do not make one
                if _visible(slug, variant, context, b, largest):
                    yield Fault(slug, variant.detail, block.name)


def _visible(slug: str, variant: Variant, context: Context, block: int, largest: float) -> bool:
    """Whether a variant changes a gradient that is not negligible, and not into the result of a simpler mistake."""
    right = context.claim[block]
    size = np.abs(right).max(initial=0.0)
    wrong = variant_gradient(variant, context, block)
    simpler = [right] if slug in ("sign-flipped", "zero-gradient") else [right, -right, np.zeros_like(right)]
    distinct = all(np.abs(wrong - other).max(initial=0.0) > SETTINGS.visible * size for other in simpler)
    return bool(size > SETTINGS.negligible * largest and np.isfinite(wrong).all() and distinct)


def faulty_gradient(fault: Fault, subject: Subject, point: Point, right: Point) -> Array:
    """Return the wrong gradient of the fault's block; the right one where the fault does not apply.

    Parameters
    ----------
    fault : Fault
    subject : Subject
    point, right : tuple of ndarray
        A point, and the right gradient there.
    """
    context = Context(subject, point, right)
    block = [b.name for b in subject.blocks].index(fault.block)
    wrong = right[block]
    for variant in BY_SLUG[fault.slug].variants(context, block):
        if variant.detail == fault.detail:
            wrong = fault.factor * variant_gradient(variant, context, block)
    if fault.then is None:
        return wrong
    return faulty_gradient(fault.then, subject, point, (*right[:block], wrong, *right[block + 1 :]))


def variant_gradient(variant: Variant, context: Context, block: int) -> Array:
    """Return the wrong gradient that a variant makes of the right gradient, which the context holds."""
    if isinstance(variant, OtherLoss):
        return numerical_gradient(variant.loss, context.point, block)
    assert not isinstance(variant, (RightGradient, SampleWeights, ChangedSamples))
    return np.array(variant.apply(context.claim))


def numerical_gradient(loss: Callable[[Point], float], point: Point, block: int) -> Array:
    """Return the gradient of a loss with respect to a block.

    Central differences are extrapolated once (Richardson). Each entry takes the pair of steps that agree best.
    """
    gradient = np.empty(point[block].shape)
    for index in np.ndindex(point[block].shape):
        differences = []
        for k in SETTINGS.step_exponents:
            step = 2.0**-k
            values = []
            for sign in (1, -1):
                moved = [x.copy() for x in point]
                moved[block][index] += sign * step
                values.append(loss(tuple(moved)))
            differences.append((values[0] - values[1]) / (2 * step))
        extrapolated = [(16 * fine - coarse) / 15 for coarse, fine in itertools.pairwise(differences)]
        best = int(np.argmin(np.abs(np.diff(extrapolated))))
        gradient[index] = extrapolated[best + 1]
    return gradient


class FaultyLayer:
    """Mixin for a layer: its backward pass applies the faults in `_faults`."""

    _faults: tuple[Fault, ...]

    def forward(self, x: Any) -> Array:
        """Return the output, which is right."""
        y: Array = super().forward(x)  # type: ignore[misc]
        self._last_input = np.array(x)
        return y

    def backward(self, upstream: Array) -> Array:
        """Return the gradient of the input and set those of the parameters, with the faults in them."""
        downstream = self._right_backward(upstream)
        part = LayerSubject(self._without_faults(), self._last_input, "layer", upstream=np.array(upstream))
        right = {INPUT: downstream} | {name: np.array(value) for name, value in self.grads.items()}  # type: ignore[attr-defined]
        gradient = tuple(right[block.name] for block in part.blocks)
        for fault in self._faults:
            wrong = faulty_gradient(fault, part, part.point, gradient)
            if fault.block == INPUT:
                downstream = wrong
            else:
                self.grads[fault.block] = wrong  # type: ignore[attr-defined]
        return downstream

    def parameter_gradients(self, upstream: Array) -> None:
        """Set the gradients of the parameters, with the faults in them."""
        if self.__dict__.get("_inside"):
            super().parameter_gradients(upstream)  # type: ignore[misc]
        else:
            self.backward(upstream)

    def _right_backward(self, upstream: Array) -> Array:
        """Run the backward pass of the layer without faults."""
        self._inside = True
        try:
            return np.array(super().backward(upstream))  # type: ignore[misc]
        finally:
            self._inside = False

    def _without_faults(self) -> Any:
        return as_class(copy.deepcopy(self), type(self).__mro__[2])


class FaultyLoss:
    """Mixin for a loss: its derivative has the faults in `_faults`."""

    _faults: tuple[Fault, ...]

    def forward(self, prediction: Any, target: Any, weight: Any = None) -> Array:
        """Return the value, which is right."""
        self._last_arguments = np.array(prediction), target, weight
        value: Array = super().forward(prediction, target, weight)  # type: ignore[misc]
        return value

    def backward(self) -> Array:
        """Return the gradient of the prediction, with the faults in it."""
        gradient: Array = np.array(super().backward())  # type: ignore[misc]
        without_faults: Any = as_class(copy.deepcopy(self), type(self).__mro__[2])
        part = LossSubject(without_faults, *self._last_arguments)
        for fault in self._faults:
            gradient = faulty_gradient(fault, part, part.point, (gradient,))
        return gradient


class AccumulatingLayer(FaultyLayer):
    """Adds the gradients of the parameters to those of the calls before (accumulated)."""

    def backward(self, upstream: Array) -> Array:
        """Return the gradient of the input; those of the parameters grow from call to call."""
        downstream = self._right_backward(upstream)
        sums = self.__dict__.setdefault("_sums", {})
        for fault in self._faults:
            grads = self.grads  # type: ignore[attr-defined]
            sums[fault.block] = grads[fault.block] + sums.get(fault.block, 0.0)
            grads[fault.block] = sums[fault.block].copy()
        return downstream


class StaleCacheLayer(FaultyLayer):
    """Writes its cache in the first forward pass only (stale-cache)."""

    def backward(self, upstream: Array) -> Array:
        """Return the gradient, computed with the cache of the first batch."""
        if "_first_cache" not in self.__dict__:
            self._first_cache = copy.deepcopy(self._cache)  # type: ignore[has-type]
        self._cache = copy.deepcopy(self._first_cache)
        return self._right_backward(upstream)


class UpdatesTooEarly(FaultyLayer):
    """Updates its weights before it computes the gradient of its input (stale-weights)."""

    def backward(self, upstream: Array) -> Array:
        """Return the gradient of the input, computed with the updated weights."""
        self._right_backward(upstream)
        kept = {name: np.array(value) for name, value in self.grads.items()}  # type: ignore[attr-defined]
        self.params["W"] -= SETTINGS.early_rate * kept["W"]  # type: ignore[attr-defined]
        downstream = self._right_backward(upstream)
        for name, value in kept.items():
            self.grads[name] = value  # type: ignore[attr-defined]
        return downstream


class SeparateGradientNetwork(nn.Network):
    """A network with one method for the loss and one for the gradient, so that faults do not slow down the loss."""

    def loss(self, *batch: Any) -> Any:
        """Return the value of the loss."""
        return float(self.criterion.forward(self.forward(batch[0]), *batch[1:]))

    def gradient(self, *batch: Any) -> dict[str, Array]:
        """Return the gradients by the names of the parameters."""
        return super().loss(*batch)[1]


def as_class(thing: Any, kind: type) -> Any:
    """Return an object of another class that shares the attributes of a given one."""
    other: Any = object.__new__(kind)
    other.__dict__ = thing.__dict__
    return other


def mutant(thing: Any, mixin: type, *faults: Fault) -> Any:
    """Return a layer or loss with faults. It shares the attributes and the class name of the right one.

    Parameters
    ----------
    thing : Layer or Loss
    mixin : type
        `FaultyLayer` or one of its subclasses, or `FaultyLoss`.
    *faults : Fault
    """
    kind = type(thing)
    other = as_class(thing, type(kind.__name__, (mixin, kind), {}))
    other._faults = faults
    return other


def mutant_network(network: nn.Network, fault: Fault, place: str) -> SeparateGradientNetwork:
    """Return a copy of a network with a fault in one of its layers or in its loss.

    Parameters
    ----------
    network : Network
        Remains unchanged.
    fault : Fault
    place : str
        The layer, such as ``"layers.2"``, or ``"loss"``.

    Raises
    ------
    SubjectError
        If the network has no such place.
    """
    double = copy.deepcopy(network)
    layers, criterion = list(double.layers), double.criterion
    if place == "loss":
        criterion = mutant(criterion, FaultyLoss, fault)
    else:
        number = place.removeprefix("layers.")
        if not (number.isdecimal() and int(number) < len(layers)):
            raise SubjectError(f"{network!r} has no place {place!r}: pass 'loss', or 'layers.0' and so on")
        layers[int(number)] = mutant(layers[int(number)], FaultyLayer, fault)
    return SeparateGradientNetwork(layers, criterion, regulariser=double.regulariser)
