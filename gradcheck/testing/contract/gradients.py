"""Contract checks of gradients: on one batch, on a batch of one sample, and over a sweep of small shapes."""

from __future__ import annotations

import copy
import math
from collections.abc import Collection

from gradcheck.errors import GradcheckError
from gradcheck.reports.report import Report
from gradcheck.subjects.layer import INPUT, has_index_input
from gradcheck.testing.contract.fixture import Example, LayerFixture, Violation
from gradcheck.testing.contract.passes import run_passes
from gradcheck.testing.contract.shape_condition import common_condition
from gradcheck.testing.contract.shape_sweep import Shape
from gradcheck.verdicts.verdict import Verdict

#: Number of wrong shapes that a message lists.
LISTED_SHAPES = 4


def wrong_gradient(
    fixture: LayerFixture, example: Example, what: str, names: Collection[str] | None = None
) -> Violation | None:
    """Compare the gradients of a layer with finite differences.

    Parameters
    ----------
    fixture : LayerFixture
    example : Example
    what : str
        What the gradients are called in the message.
    names : collection of str, optional
        Blocks to look at; all by default.
    """
    try:
        report = fixture.report(example)
    except GradcheckError as error:
        return Violation(example.shape, str(error), "Return each gradient in the shape of the array it belongs to.")
    failed = [name for name in _failed(report) if names is None or name in names]
    if not failed:
        return None
    return Violation(example.shape, f"{what} is wrong: {', '.join(failed)}\n{report}", "See the finding above.")


def wrong_input_gradient(fixture: LayerFixture, example: Example) -> Violation | None:
    """Check the gradient that `backward` returns, unless the inputs are whole numbers."""
    if has_index_input(example.layer, example.x):
        return None
    return wrong_gradient(fixture, example, "the gradient that backward returns", [INPUT])


def wrong_parameter_gradient(fixture: LayerFixture, example: Example) -> Violation | None:
    """Check the gradients of the parameters, if there are any."""
    names = list(example.layer.params)
    return wrong_gradient(fixture, example, "the gradient of a parameter", names) if names else None


def wrong_single_sample(fixture: LayerFixture, shape: Shape) -> Violation | None:
    """Check a batch of one sample, of a given shape: it must keep its axis and have the right gradients."""
    try:
        example = fixture.example(shape)  # reading the layer of another library runs its passes already
        if example is None:
            return None
        result = run_passes(copy.deepcopy(example.layer), example.x)
    except Exception as error:
        problem = f"a batch of one raises {type(error).__name__}: {error}"
        return Violation(shape, problem, "Look for squeeze(), and for an index that needs a second sample.")
    for what, array in (("output", result.y), ("gradient", result.gradients[INPUT])):
        if array.shape[:1] != (1,):
            problem = f"the {what} of a batch of one has the shape {array.shape}"
            return Violation(shape, problem, "Keep the axis of samples.")
    return wrong_gradient(fixture, example, "a gradient for a batch of one")


def wrong_shapes(fixture: LayerFixture, shapes: Collection[Shape]) -> Violation | None:
    """Check all gradients on every shape that the layer takes, and describe the shapes that fail."""
    wrong: dict[Shape, str] = {}
    right: list[Shape] = []
    for shape in shapes:
        example = fixture.example(shape)
        if example is None:
            continue
        problem = _problem(fixture, example)
        if problem:
            wrong[shape] = problem
        else:
            right.append(shape)
    if not wrong:
        return None
    ordered = sorted(wrong, key=lambda shape: (math.prod(shape), shape))
    first = ordered[0]
    listed = ", ".join(map(str, ordered[:LISTED_SHAPES])) + (", …" if len(ordered) > LISTED_SHAPES else "")
    condition = common_condition(wrong, right)
    rule = (
        f"The wrong shapes are those where {condition}." if condition else "Look at what these shapes have in common."
    )
    return Violation(
        first,
        f"{len(wrong)} of {len(wrong) + len(right)} small shapes are wrong: {listed}\n{first}: {wrong[first]}",
        f"{rule} Make the layer for {first[1:]} and check it alone.",
    )


def _problem(fixture: LayerFixture, example: Example) -> str:
    """Check one batch and describe in a line what is wrong; empty if all gradients are right."""
    try:
        report = fixture.report(example)
    except GradcheckError as error:
        return str(error)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if report.verdict is not Verdict.FAIL:
        return ""
    if report.findings:
        return f"{report.findings[0].where}: {report.findings[0].message}"
    return ", ".join(str(report.blocks[name]) for name in _failed(report))


def _failed(report: Report) -> list[str]:
    """Names of the blocks that fail."""
    return [block.name for block in report.blocks.values() if block.verdict is Verdict.FAIL]
