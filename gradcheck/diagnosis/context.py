"""What can be observed of a subject at one point, apart from slopes: all that a mistake can be recognised by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from gradcheck.subjects.spaces.space import Vector
from gradcheck.subjects.subject import Point, Subject
from gradcheck.subjects.views import LayerView, LossView, View

Array = NDArray[Any]


@dataclass(frozen=True)
class Context:
    """A subject at one point.

    Attributes
    ----------
    subject : Subject
    point : tuple of ndarray
    claim : tuple of ndarray
        The gradient claimed there; where a mistake is to be committed, the right one.
    vector : tuple of array or None
        The point as the subject's own space has it, if that is not NumPy's.
    """

    subject: Subject
    point: Point
    claim: Point
    vector: Vector | None = None

    @cached_property
    def view(self) -> View | None:
        """What can be observed of a layer or a loss here; None if the subject is neither."""
        return self.subject.view(self.point)

    @property
    def layer(self) -> LayerView | None:
        """The view if it is that of a layer."""
        return self.view if isinstance(self.view, LayerView) else None

    @property
    def loss(self) -> LossView | None:
        """The view if it is that of a loss."""
        return self.view if isinstance(self.view, LossView) else None

    def is_input(self, block: int) -> bool:
        """Whether a block is the input of a layer, or the prediction that a loss is given."""
        return self.view is not None and self.subject.blocks[block].name in self.subject.inputs

    def activation(self, block: int) -> LayerView | None:
        """The layer, if it is an activation and the block its input."""
        layer = self.layer
        acts = layer is not None and self.is_input(block) and layer.elementwise and not layer.masked
        return layer if acts else None

    @cached_property
    def repeated(self) -> tuple[Point, Point, Point]:
        """The gradient claimed here when it is computed three times more."""
        space, vector = self.subject.space, self.point if self.vector is None else self.vector

        def again() -> Point:
            return tuple(space.host(g) for g in self.subject.gradient(space.copy(vector)))

        return again(), again(), again()
