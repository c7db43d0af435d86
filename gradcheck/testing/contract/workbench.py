"""The bench that a layer is tried on: how it is made, for which shapes, and what is said of a broken promise."""

from __future__ import annotations

import copy
import zlib
from collections.abc import Iterator
from typing import Any, ClassVar, NoReturn

import numpy as np
from numpy.typing import NDArray

from gradcheck.checks.gradients import check_subject
from gradcheck.errors import GradcheckError, SubjectTypeError
from gradcheck.nn.layer import Layer
from gradcheck.reports.report import Report
from gradcheck.subjects.foreign_layer import as_layer
from gradcheck.subjects.layer import LayerSubject
from gradcheck.testing.contract.sweep import Shape, sweep

Array = NDArray[Any]

#: Shapes that single promises are tried on: unlike sizes, so that no two axes can be taken for each other.
TYPICAL = ((3, 4, 2, 5, 3), (2, 3, 5, 4, 3), (4, 2, 3, 3, 5), (3, 6, 6, 4, 4), (2, 4, 4, 6, 6))
TRIED = 2


class Workbench:
    """What the tests of a `LayerContract` share.

    Attributes
    ----------
    axes : int
        Axes of one sample: 1 for rows of numbers, 2 for sequences and signals, 3 for images.
    min_samples : int
        The smallest batch that the layer takes.
    max_size : int
        The largest size of an axis in the sweep over small shapes.
    max_shapes : int
        How many shapes the sweep may try: all up to max_size where they are no more than this.
    dtypes : tuple of str
        Types of numbers that the layer keeps.
    parameters : tuple of str
        Names of the attributes that are parameters, where the layer has no mapping `params`; see `gradcheck.as_layer`.
    inputs : SearchStrategy of ndarray, optional
        Of Hypothesis: whole batches that the gradient is checked on as well.
    seed : int
        Of all random numbers.
    rtol : float or None
        As for `gradcheck.check_gradients`.
    """

    axes: ClassVar[int] = 1
    min_samples: ClassVar[int] = 1
    max_size: ClassVar[int] = 8
    max_shapes: ClassVar[int] = 512
    dtypes: ClassVar[tuple[str, ...]] = ("float64", "float32")
    parameters: ClassVar[tuple[str, ...]] = ()
    inputs: ClassVar[Any] = None
    seed: ClassVar[int] = 0
    rtol: ClassVar[float | None] = None

    def layer(self, shape: Shape) -> Any:
        """Make the layer for samples of a shape; None if it takes none such. To be written by you.

        Whatever `gradcheck.as_layer` reads: an object with `forward` and `backward`, or what `as_layer` returns. Draw
        initial numbers from a fixed seed.
        """
        raise NotImplementedError(f"{type(self).__name__}.layer(shape) is missing: return the layer for such samples")

    def input(self, rng: np.random.Generator, shape: Shape) -> Array:
        """A batch of inputs of a shape, samples first: normally distributed unless you say otherwise."""
        return rng.standard_normal(shape)

    def _typical(self) -> Iterator[tuple[Shape, Layer, Array]]:
        """A few shapes, each with a new layer and a batch."""
        found = 0
        for sizes in (*TYPICAL, *sweep(self.axes + 1, max_size=4, max_shapes=256)[::-1]):
            shape = (max(sizes[0], self.min_samples), *sizes[1 : self.axes + 1])
            made = self._made(shape)
            if made is not None:
                yield shape, *made
                found += 1
            if found == TRIED:
                return
        if not found:
            raise SubjectTypeError(
                f"{type(self).__name__}.layer(shape) returned None for every small shape of {self.axes} axes: return "
                "the layer for some of them, or set axes"
            )

    def _made(self, shape: Shape) -> tuple[Layer, Array] | None:
        """The layer for a shape, and a batch; None if there is none."""
        rng = np.random.default_rng([self.seed, zlib.crc32(repr(shape).encode())])
        x = np.asarray(self.input(rng, shape))
        layer = self._read(shape[1:], x)
        return None if layer is None else (layer, x)

    def _read(self, shape: Shape, x: Array) -> Layer | None:
        made = self.layer(shape)
        return None if made is None else as_layer(made, params=self.parameters or None, x=x)

    def _report(self, layer: Layer, x: Array) -> Report:
        """Check a layer; what cannot be checked, a gradient of another shape say, breaks a promise as well."""
        __tracebackhide__ = True
        report, said = None, ""
        try:
            report = self._checked(layer, x)
        except GradcheckError as error:
            said = str(error)
        if report is None:
            self._violated(x.shape, said, "Return gradients of the shapes of what they belong to.")
        return report

    def _checked(self, layer: Layer, x: Array) -> Report:
        subject = LayerSubject(copy.deepcopy(layer), x, "layer")
        return check_subject(subject, rng=self.seed, rtol=self.rtol)

    def _refuse_wrong(self, report: Report, shape: Shape, names: list[str] | None, what: str) -> None:
        __tracebackhide__ = True
        failed = [
            b.name for b in report.blocks.values() if b.verdict.value == "fail" and (not names or b.name in names)
        ]
        if failed:
            self._violated(shape, f"{what} is wrong: {', '.join(failed)}\n{report}", "See the finding above.")

    def _violated(self, shape: Shape, what: str, remedy: str) -> NoReturn:
        __tracebackhide__ = True
        raise AssertionError(
            f"{type(self).__name__}: {what}\n  on a batch of shape {tuple(shape)}, seed {self.seed}\n  {remedy}"
        )
