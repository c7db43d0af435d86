"""Mistakes planted in layers, losses and functions: the same transformations that a diagnosis tests."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck import nn
from gradcheck.diagnosis.context import Context
from gradcheck.diagnosis.mistakes import BY_SLUG
from gradcheck.diagnosis.mistakes.mistake import Right, Rival, Variant, Weighted
from gradcheck.errors import SubjectError
from gradcheck.subjects.layer import INPUT, LayerSubject, LossSubject
from gradcheck.subjects.subject import Point, Subject

Array = NDArray[Any]

#: A planted gradient differs from the right one, and from minus that, by this part of it at least; and from zero.
VISIBLE = 1e-2

#: A gradient that is so many times smaller than that of other blocks is zero, but for rounding.
ROUNDING = 1e-9

#: What is planted in losses: swapped, shifted and so on do not happen to a prediction's gradient.
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
class Plant:
    """A mistake, which of its kind, and the block that it is committed on.

    Attributes
    ----------
    slug, detail, block : str
    factor : float
        A constant beside it.
    then : Plant or None
        Another mistake of the same block, committed after it.
    """

    slug: str
    detail: str
    block: str
    factor: float = 1.0
    then: Plant | None = None


def numeric(loss: Any, point: Point, block: int) -> Array:
    """Gradient of a rival loss, by extrapolated central differences; the steps that agree best are taken."""
    found = np.empty(point[block].shape)
    for index in np.ndindex(point[block].shape):
        raw = []
        for k in range(6, 20, 2):
            step = 2.0**-k
            values = []
            for sign in (1, -1):
                moved = [x.copy() for x in point]
                moved[block][index] += sign * step
                values.append(loss(tuple(moved)))
            raw.append((values[0] - values[1]) / (2 * step))
        finer = [(16 * b - a) / 15 for a, b in itertools.pairwise(raw)]
        best = int(np.argmin(np.abs(np.diff(finer))))
        found[index] = finer[best + 1]
    return found


def committed(plant: Plant, subject: Subject, point: Point, right: Point) -> Array:
    """The wrong gradient of the plant's block."""
    scene = Context(subject, point, right)
    block = [b.name for b in subject.blocks].index(plant.block)
    wrong = right[block]  # where the gradient is zero there is nothing to commit
    for variant in BY_SLUG[plant.slug].variants(scene, block):
        if variant.detail == plant.detail:
            wrong = plant.factor * wrong_of(variant, scene, block)
    if plant.then is None:
        return wrong
    return committed(plant.then, subject, point, (*right[:block], wrong, *right[block + 1 :]))


def wrong_of(variant: Variant, scene: Context, block: int) -> Array:
    """What a variant makes of the right gradient."""
    if isinstance(variant, Rival):
        return numeric(variant.loss, scene.point, block)
    assert not isinstance(variant, (Right, Weighted))
    return np.array(variant.commit(scene.claim))


def plants(subject: Subject, right: Point, slugs: Iterable[str] | None = None) -> Iterator[Plant]:
    """All that can be planted on a subject and is seen there, in the order of the slugs, or of the catalogue.

    Each is committed only when it is asked for, so that the first one is cheap.
    """
    scene = Context(subject, subject.point, right)
    largest = max(float(np.abs(g).max(initial=0.0)) for g in right)
    for slug in BY_SLUG if slugs is None else slugs:
        for b, block in enumerate(subject.blocks):
            for variant in BY_SLUG[slug].variants(scene, b):
                if not isinstance(variant, (Right, Weighted)) and _seen(slug, variant, scene, b, largest):
                    yield Plant(slug, variant.detail, block.name)


def _seen(slug: str, variant: Variant, scene: Context, block: int, largest: float) -> bool:
    """Whether a wrong gradient is another one than the right one, and than what simpler mistakes make of that."""
    right = scene.claim[block]
    size = np.abs(right).max(initial=0.0)
    wrong = wrong_of(variant, scene, block)
    rivals = [right, -right, np.zeros_like(right)]
    rivals = {"sign-flipped": rivals[:1], "zero-gradient": rivals[:1]}.get(slug, rivals)
    seen = all(np.abs(wrong - rival).max(initial=0.0) > VISIBLE * size for rival in rivals)
    return bool(size > ROUNDING * largest and np.isfinite(wrong).all() and seen)


class PlantedLayer:
    """Mixed into a layer: its backward pass commits a mistake."""

    _plants: tuple[Plant, ...]

    def forward(self, x: Any) -> Array:
        """Output of the right layer."""
        y: Array = super().forward(x)  # type: ignore[misc]
        self._seen = np.array(x)
        return y

    def backward(self, upstream: Array) -> Array:
        """Gradient with the mistakes in it."""
        downstream = self._right(upstream)
        clean = self._clean()
        part = LayerSubject(clean, self._seen, "layer", upstream=np.array(upstream))
        right = {INPUT: downstream} | {name: np.array(value) for name, value in self.grads.items()}  # type: ignore[attr-defined]
        gradient = tuple(right[block.name] for block in part.blocks)
        for plant in self._plants:
            wrong = committed(plant, part, part.point, gradient)
            if plant.block == INPUT:
                downstream = wrong
            else:
                self.grads[plant.block] = wrong  # type: ignore[attr-defined]
        return downstream

    def parameter_gradients(self, upstream: Array) -> None:
        """Set the gradients of the parameters, with the mistakes in them."""
        if self.__dict__.get("_inside"):
            super().parameter_gradients(upstream)  # type: ignore[misc]
        else:
            self.backward(upstream)

    def _right(self, upstream: Array) -> Array:
        """What the layer itself makes of the upstream gradient."""
        self._inside = True
        try:
            return np.array(super().backward(upstream))  # type: ignore[misc]
        finally:
            self._inside = False

    def _clean(self) -> Any:
        return as_class(copy.deepcopy(self), type(self).__mro__[2])


class PlantedNetwork(nn.Network):
    """A network whose loss does not compute the gradient as well."""

    def loss(self, *batch: Any) -> Any:
        """Value of the loss."""
        return float(self.criterion.forward(self.forward(batch[0]), *batch[1:]))

    def gradient(self, *batch: Any) -> dict[str, Array]:
        """Gradients by the names of the parameters."""
        return super().loss(*batch)[1]


class PlantedLoss:
    """Mixed into a loss: its derivative has a mistake."""

    _plants: tuple[Plant, ...]

    def forward(self, prediction: Any, target: Any, weight: Any = None) -> Array:
        """Value of the right loss."""
        self._seen = np.array(prediction), target, weight
        value: Array = super().forward(prediction, target, weight)  # type: ignore[misc]
        return value

    def backward(self) -> Array:
        """Gradient with the mistakes in it."""
        right: Array = np.array(super().backward())  # type: ignore[misc]
        clean: Any = as_class(copy.deepcopy(self), type(self).__mro__[2])
        part = LossSubject(clean, *self._seen)
        for plant in self._plants:
            right = committed(plant, part, part.point, (right,))
        return right


class Accumulating(PlantedLayer):
    """Gradients of the parameters are added to those of the call before."""

    def backward(self, upstream: Array) -> Array:
        """Gradient; those of the parameters grow."""
        downstream = self._right(upstream)
        sums = self.__dict__.setdefault("_sums", {})
        for plant in self._plants:
            grads = self.grads  # type: ignore[attr-defined]
            sums[plant.block] = grads[plant.block] + sums.get(plant.block, 0.0)
            grads[plant.block] = sums[plant.block].copy()
        return downstream


class Forgetful(PlantedLayer):
    """The cache is written by the first forward pass only."""

    def backward(self, upstream: Array) -> Array:
        """Gradient of the first batch."""
        if "_first" not in self.__dict__:
            self._first = copy.deepcopy(self._cache)  # type: ignore[has-type]
        self._cache = copy.deepcopy(self._first)
        return self._right(upstream)


class Hasty(PlantedLayer):
    """The weights are updated before the gradient by the input is computed."""

    def backward(self, upstream: Array) -> Array:
        """Gradient by the input, with the new weights."""
        self._right(upstream)
        kept = {name: np.array(value) for name, value in self.grads.items()}  # type: ignore[attr-defined]
        self.params["W"] -= 0.2 * kept["W"]  # type: ignore[attr-defined]
        downstream = self._right(upstream)
        for name, value in kept.items():
            self.grads[name] = value  # type: ignore[attr-defined]
        return downstream


def as_class(thing: Any, kind: type) -> Any:
    """The very same object, but of another class."""
    other: Any = object.__new__(kind)
    other.__dict__ = thing.__dict__
    return other


def planted(thing: Any, mixin: type, *plants: Plant) -> Any:
    """A layer or loss that commits mistakes, and has the name of the right one."""
    kind = type(thing)
    other = as_class(thing, type(kind.__name__, (mixin, kind), {}))
    other._plants = plants
    return other


def with_plant(network: nn.Network, plant: Plant, place: str) -> PlantedNetwork:
    """A network like another one, whose copies of layers it has, with a mistake in one of them or in the loss.

    Parameters
    ----------
    network : Network
        Stays as it is.
    plant : Plant
    place : str
        ``"layers.2"``, say, or ``"loss"``.

    Raises
    ------
    SubjectError
        If there is no such place.
    """
    double = copy.deepcopy(network)
    layers, criterion = list(double.layers), double.criterion
    if place == "loss":
        criterion = planted(criterion, PlantedLoss, plant)
    else:
        number = place.removeprefix("layers.")
        if not (number.isdecimal() and int(number) < len(layers)):
            raise SubjectError(f"there is no {place!r} in {network!r}: pass 'loss', or 'layers.0' and so on")
        layers[int(number)] = planted(layers[int(number)], PlantedLayer, plant)
    return PlantedNetwork(layers, criterion, regulariser=double.regulariser)
