"""The layer under test as a fixture: how it is built, the batches it is tried on, and the check of its gradient."""

from __future__ import annotations

import copy
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checks.gradients import check_subject
from gradcheck.errors import SubjectTypeError
from gradcheck.reports.report import Report
from gradcheck.subjects.foreign_layer import as_layer
from gradcheck.subjects.layer import LayerSubject
from gradcheck.testing.contract.example import Example, Violation
from gradcheck.testing.contract.passes import with_dtype
from gradcheck.testing.contract.shape_sweep import Shape, small_shapes
from gradcheck.testing.contract.twin import other_digits, twin_of
from gradcheck.testing.seeding import global_seed

Array = NDArray[Any]


@dataclass(frozen=True)
class ExampleSettings:
    """The shapes that a single promise is tested on.

    Attributes
    ----------
    preferred : tuple of tuple of int
        Tried first, each cut to the number of axes. The first ones have unlike sizes, so that no two axes can be taken
        for each other; the later ones have equal sizes for layers that need them.
    fallback_size, fallback_shapes : int
        Bounds of the small shapes that are tried next, from large to small.
    examples : int
        The first so many shapes that the layer takes are used.
    """

    preferred: tuple[Shape, ...] = ((3, 4, 2, 5, 3), (2, 3, 5, 4, 3), (4, 2, 3, 3, 5), (3, 6, 6, 4, 4), (2, 4, 4, 6, 6))
    fallback_size: int = 4
    fallback_shapes: int = 256
    examples: int = 2


EXAMPLES = ExampleSettings()


@dataclass(frozen=True)
class LayerFixture:
    """The layer under test.

    Attributes
    ----------
    owner : str
        Name of the test class, for error messages.
    build : callable
        ``build(shape)`` returns the layer for samples of a shape, or None if there is no layer for it.
    draw_input : callable
        ``draw_input(rng, shape)`` returns a batch of a shape, samples first.
    axes, min_samples : int
    parameters : tuple of str or None
    seed : int
    rtol : float or None
        As for `LayerContract`.
    dtype : str
        Of inputs and parameters.
    """

    owner: str
    build: Callable[[Shape], Any]
    draw_input: Callable[[np.random.Generator, Shape], Array]
    axes: int
    min_samples: int
    parameters: tuple[str, ...] | None
    seed: int
    rtol: float | None
    dtype: str = "float64"

    def examples(self, settings: ExampleSettings = EXAMPLES) -> Iterator[Example]:
        """Yield a few batches of unlike shapes, each with a new layer.

        Raises
        ------
        SubjectTypeError
            If the layer takes no small shape at all.
        """
        found = 0
        fallback = small_shapes(self.axes + 1, max_size=settings.fallback_size, max_shapes=settings.fallback_shapes)
        for sizes in (*settings.preferred, *reversed(fallback)):
            example = self.example((max(sizes[0], self.min_samples), *sizes[1 : self.axes + 1]))
            if example is not None:
                yield example
                found += 1
            if found == settings.examples:
                return
        if not found:
            raise SubjectTypeError(
                f"{self.owner}.layer(shape) returned None for every small shape of {self.axes} axes: return the layer "
                "for some of them, or set axes"
            )

    def example(self, shape: Shape) -> Example | None:
        """Return a batch of a shape and the layer for it; None if the layer does not take the shape."""
        rng = np.random.default_rng([self.seed, zlib.crc32(repr(shape).encode())])
        return self.example_on(np.asarray(self.draw_input(rng, shape)), shape)

    def example_on(self, x: Array, shape: Shape) -> Example | None:
        """Return a given batch and the layer for its shape; None if the layer does not take the shape."""
        with global_seed(self.seed):
            made = self.build(shape[1:])
            if x.dtype.kind == "f" and self.dtype != "float64":
                x = x.astype(self.dtype)
            layer = None if made is None else as_layer(made, params=self.parameters, x=x)
        if layer is None:
            return None
        return Example(shape, layer if self.dtype == "float64" else with_dtype(layer, self.dtype), x)

    def another_batch(self, shape: Shape) -> Array:
        """Draw a second batch of a shape."""
        x = np.asarray(self.draw_input(np.random.default_rng(self.seed + 1), shape))
        return x.astype(self.dtype) if x.dtype.kind == "f" else x

    def report(self, example: Example, *, diagnose: bool = True) -> Report | Violation:
        """Check the gradients of a copy of the layer.

        In a dtype narrower than float64, gradients are compared with those of the same layer in float64, and these with
        finite differences: a gradient whose terms cancel has few digits in the narrow dtype without being wrong.

        Parameters
        ----------
        example : Example
        diagnose : bool
            As for `gradcheck.check_gradients`.

        Returns
        -------
        Report or Violation
            The latter if the two differ by more than rounding.

        Raises
        ------
        GradcheckError
            If they cannot be checked, because a gradient has the wrong shape for instance.
        """
        twin = twin_of(example)
        digits = None if twin is None else other_digits(example, twin)
        if digits is not None:
            return digits
        chosen = twin or example
        subject = LayerSubject(copy.deepcopy(chosen.layer), chosen.x, "layer")
        return check_subject(subject, rng=self.seed, rtol=self.rtol, diagnose=diagnose)
