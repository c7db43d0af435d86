"""Contract checks of gradients: on one batch, on a batch of one sample, and over a sweep of small shapes."""

from __future__ import annotations

import copy
import math
from collections.abc import Collection, Iterable

from gradcheck.errors import GradcheckError, UnreadableLayerError
from gradcheck.reports.report import Report
from gradcheck.subjects.layer import INPUT, has_index_input
from gradcheck.testing.contract.example import Example, Violation, block_names
from gradcheck.testing.contract.fixture import LayerFixture
from gradcheck.testing.contract.passes import run_passes
from gradcheck.testing.contract.shape_condition import common_condition
from gradcheck.testing.contract.shape_sweep import Shape
from gradcheck.verdicts.verdict import Verdict

#: Number of wrong shapes that a message lists.
LISTED_SHAPES = 4


def failed_gradient(
    fixture: LayerFixture, example: Example, what: str, names: Collection[str] | None = None
) -> Violation | Report:
    """Compare the gradients of a layer with finite differences on one batch.

    Parameters
    ----------
    fixture : LayerFixture
    example : Example
    what : str
        What the gradients are called in the message.
    names : collection of str, optional
        Blocks to look at; all by default.

    Returns
    -------
    Violation or Report
        The report if none of the blocks failed; some may be undecided.
    """
    try:
        report = fixture.report(example)
    except UnreadableLayerError:
        raise
    except GradcheckError as error:
        return Violation(example.shape, str(error), "Return each gradient in the shape of the array it belongs to.")
    if isinstance(report, Violation):
        return report
    failed = [name for name in _failed(report) if names is None or name in names]
    if not failed:
        return report
    return Violation(example.shape, f"{what} is wrong: {', '.join(failed)}", "See the finding.", report)


def wrong_somewhere(
    fixture: LayerFixture, examples: Iterable[Example], what: str, names: Collection[str] | None = None
) -> Violation | None:
    """Compare the gradients of a layer with finite differences on several batches.

    Each block must pass on one batch at least, and fail on none. A batch on which the arithmetic decides nothing is not
    held against a layer that is shown to be right on another.

    Parameters
    ----------
    fixture, what, names
        As for `failed_gradient`.
    examples : iterable of Example
    """
    tally = Tally()
    for example in examples:
        wanted = list(names) if names is not None else block_names(example)
        if not wanted:
            continue
        found = failed_gradient(fixture, example, what, wanted)
        if isinstance(found, Violation):
            return found
        tally.add(example, found, wanted)
    return tally.violation(what)


class Tally:
    """Which blocks have passed on some batch so far, and which have been undecided on every one."""

    def __init__(self) -> None:
        self._passed: set[str] = set()
        self._undecided: dict[str, tuple[Example, Report]] = {}
        self._checks = 0

    def add(self, example: Example, report: Report, names: Collection[str]) -> None:
        """Count a check in which no block of these names failed."""
        self._checks += 1
        for name in names:
            if name in report.blocks and report.blocks[name].passes:
                self._passed.add(name)
            elif name in report.blocks:
                self._undecided.setdefault(name, (example, report))

    def violation(self, what: str) -> Violation | None:
        """What could not be decided on any batch, with the reason; None if there is no such block."""
        open_ = {name: found for name, found in self._undecided.items() if name not in self._passed}
        if not open_:
            return None
        example, report = next(iter(open_.values()))
        tried = f" on any of {self._checks} batches" if self._checks > 1 else ""
        reasons = "\n".join(f"  {name}: {found.blocks[name].note}" for name, (_, found) in open_.items())
        return Violation(
            example.shape,
            f"{what} could not be decided{tried}: {', '.join(open_)}\n{reasons}",
            "A promise that is undecided is not kept. Make the layer with other numbers, or draw another input(rng, "
            'shape). If the layer cannot allow more, set undecided = "skip".',
            report,
            undecided=True,
        )


def wrong_input_gradient(fixture: LayerFixture, examples: Iterable[Example]) -> Violation | None:
    """Check the gradient that `backward` returns, unless the inputs are whole numbers."""
    floats = (example for example in examples if not has_index_input(example.layer, example.x))
    return wrong_somewhere(fixture, floats, "the gradient that backward returns", [INPUT])


def wrong_parameter_gradient(fixture: LayerFixture, examples: Iterable[Example]) -> Violation | None:
    """Check the gradients of the parameters, if there are any."""
    found = list(examples)
    names = dict.fromkeys(name for example in found for name in example.layer.params)
    return wrong_somewhere(fixture, found, "the gradient of a parameter", list(names)) if names else None


def wrong_single_samples(fixture: LayerFixture, shapes: Collection[Shape]) -> Violation | None:
    """Check batches of one sample, of given shapes: they must keep their axis and have the right gradients."""
    examples = []
    for shape in shapes:
        try:
            example = fixture.example(shape)  # reading the layer of another library runs its passes already
            if example is None:
                continue
            result = run_passes(copy.deepcopy(example.layer), example.x)
        except UnreadableLayerError:
            raise
        except Exception as error:
            problem = f"a batch of one raises {type(error).__name__}: {error}"
            return Violation(shape, problem, "Look for squeeze(), and for an index that needs a second sample.")
        for what, array in (("output", result.y), ("gradient", result.gradients[INPUT])):
            if array.shape[:1] != (1,):
                problem = f"the {what} of a batch of one has the shape {array.shape}"
                return Violation(shape, problem, "Keep the axis of samples.")
        examples.append(example)
    return wrong_somewhere(fixture, examples, "a gradient for a batch of one")


def wrong_shapes(fixture: LayerFixture, shapes: Collection[Shape]) -> Violation | None:
    """Check all gradients on every shape that the layer takes, and describe the shapes that fail.

    The smallest of these is diagnosed, the others need no more than their verdicts.

    Raises
    ------
    UnreadableLayerError
        If the layer can be read for none of them.
    """
    wrong: dict[Shape, tuple[str, Report | None]] = {}
    right: list[Shape] = []
    unread: dict[Shape, UnreadableLayerError] = {}
    tally = Tally()
    for shape in shapes:
        try:
            example = fixture.example(shape)
            if example is None:
                continue
            problem, report = _problem(fixture, example, verdict_only=bool(wrong))
        except UnreadableLayerError as error:
            unread[shape] = error
            continue
        if problem:
            wrong[shape] = problem, report
            continue
        right.append(shape)
        if report is not None:
            tally.add(example, report, block_names(example))
    if unread and not (wrong or right):
        raise next(iter(unread.values())).with_traceback(None)
    wrong |= {shape: (str(error), None) for shape, error in unread.items()}
    if not wrong:
        return tally.violation("a gradient")
    ordered = sorted(wrong, key=lambda shape: (math.prod(shape), shape))
    first = ordered[0]
    listed = ", ".join(map(str, ordered[:LISTED_SHAPES])) + (", …" if len(ordered) > LISTED_SHAPES else "")
    condition = common_condition(wrong, right)
    rule = (
        f"The wrong shapes are those where {condition}." if condition else "Look at what these shapes have in common."
    )
    problem, report = wrong[first]
    example = fixture.example(first) if report is not None and not report.findings else None
    if example is not None:
        problem, report = _problem(fixture, example)
    return Violation(
        first,
        f"{len(wrong)} of {len(wrong) + len(right)} small shapes are wrong: {listed}\n{first}: {problem}",
        f"{rule} Make the layer for {first[1:]} and check it alone.",
        report,
    )


def _problem(fixture: LayerFixture, example: Example, *, verdict_only: bool = False) -> tuple[str, Report | None]:
    """Check one batch and describe in a line what is wrong; empty if no gradient is wrong.

    If the verdict alone is asked for, a wrong gradient is not diagnosed; a right one is checked as always.
    """
    try:
        report = fixture.report(example, diagnose=not verdict_only)
        if verdict_only and isinstance(report, Report) and report.verdict is not Verdict.FAIL:
            report = fixture.report(example)
    except UnreadableLayerError:
        raise
    except GradcheckError as error:
        return str(error), None
    except Exception as error:
        return f"{type(error).__name__}: {error}", None
    if isinstance(report, Violation):
        return report.problem, None
    if report.verdict is not Verdict.FAIL:
        return "", report
    if report.findings:
        return f"{report.findings[0].where}: {report.findings[0].message}", report
    return ", ".join(str(report.blocks[name]) for name in _failed(report)), report


def _failed(report: Report) -> list[str]:
    """Names of the blocks that fail."""
    return [block.name for block in report.blocks.values() if block.verdict is Verdict.FAIL]
