"""Promises about gradients: right ones, for every small shape, for one sample, for what is drawn."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import GradcheckError
from gradcheck.reports.report import Report
from gradcheck.subjects.layer import INPUT, has_index_input
from gradcheck.testing.contract.passes import run
from gradcheck.testing.contract.sweep import Shape, condition, sweep
from gradcheck.testing.contract.workbench import Workbench

Array = NDArray[Any]


class Gradients(Workbench):
    """Gradients are right."""

    def test_gradient_by_the_input(self) -> None:
        """The gradient that `backward` returns is that of Σ U·y, for a random upstream gradient U."""
        __tracebackhide__ = True
        for shape, layer, x in self._typical():
            if not has_index_input(layer, x):
                self._refuse_wrong(self._report(layer, x), shape, [INPUT], "what backward returns")

    def test_gradient_by_the_parameters(self) -> None:
        """The gradients of the parameters are those of Σ U·y."""
        __tracebackhide__ = True
        for shape, layer, x in self._typical():
            if layer.params:
                names = list(layer.params)
                self._refuse_wrong(self._report(layer, x), shape, names, "the gradient of a parameter")

    def test_every_small_shape(self) -> None:
        """All gradients are right for every small shape: a wrong parity, an edge, an axis of one."""
        __tracebackhide__ = True
        wrong: dict[Shape, str] = {}
        right: list[Shape] = []
        for shape in sweep(self.axes + 1, least=self.min_samples, max_size=self.max_size, max_shapes=self.max_shapes):
            made = self._made(shape)
            if made is None:
                continue
            try:
                report = self._checked(*made)
                said = "" if report.verdict.value != "fail" else _first_line(report)
            except Exception as error:
                said = str(error) if isinstance(error, GradcheckError) else f"{type(error).__name__}: {error}"
            if said:
                wrong[shape] = said
            else:
                right.append(shape)
        if wrong:
            first = min(wrong, key=lambda shape: (math.prod(shape), shape))
            common = condition(wrong, right)
            rule = f"They are those where {common}." if common else "Look at what these shapes have in common."
            self._violated(
                first,
                f"{len(wrong)} of {len(wrong) + len(right)} small shapes are wrong: {_some(wrong)}\n"
                f"{first}: {wrong[first]}",
                f"{rule} Make the layer for {first[1:]} and check it alone.",
            )

    def test_batch_of_one(self) -> None:
        """A single sample goes through, keeps its axis, and has the right gradients."""
        __tracebackhide__ = True
        for shape, *_ in self._typical():
            single = (1, *shape[1:])
            made = self._made(single) if self.min_samples == 1 else None
            if made is None:
                continue
            layer, x = made
            try:
                result = run(copy.deepcopy(layer), x)
            except Exception as error:
                self._violated(
                    single, f"a batch of one raises {type(error).__name__}: {error}", "Look for squeeze() and for [0]."
                )
            for what, array, wanted in (("output", result.y[:, ...], 1), ("gradient", result.gradients[INPUT], 1)):
                if array.shape[:1] != (wanted,):
                    self._violated(
                        single, f"the {what} of a batch of one has the shape {array.shape}", "Keep the axis of samples."
                    )
            self._refuse_wrong(self._report(layer, x), single, None, "a gradient for a batch of one")

    def test_gradient_of_drawn_inputs(self) -> None:
        """All gradients are right for what `inputs` draws."""
        __tracebackhide__ = True
        if self.inputs is None:
            return
        from hypothesis import HealthCheck, given, note, settings

        @settings(deadline=None, suppress_health_check=[HealthCheck.differing_executors])
        @given(self.inputs)
        def check(x: Array) -> None:
            __tracebackhide__ = True
            layer = self._read(np.shape(x)[1:], x)
            if layer is not None:
                note(f"input {x!r}")
                self._refuse_wrong(
                    self._report(layer, np.asarray(x)), np.shape(x), None, "a gradient for a drawn input"
                )

        check()


def _first_line(report: Report) -> str:
    if report.findings:
        return f"{report.findings[0].where}: {report.findings[0].message}"
    return ", ".join(str(block) for block in report.blocks.values() if block.verdict.value == "fail")


def _some(shapes: dict[Shape, str]) -> str:
    """A few of them, small ones first."""
    first = sorted(shapes, key=lambda shape: (math.prod(shape), shape))[:4]
    return ", ".join(map(str, first)) + (", …" if len(shapes) > len(first) else "")
