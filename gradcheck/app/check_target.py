"""Checks one target of the command line, and never raises: whatever happens is its outcome."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gradcheck.app.targets import Target
from gradcheck.app.terminal import printing_to_stderr
from gradcheck.errors import TargetError
from gradcheck.reports.outcome import Outcome
from gradcheck.reports.report import Report

if TYPE_CHECKING:
    from gradcheck.scripts.hints import Hints

#: Options that scripts do not have.
NOT_FOR_SCRIPTS = ("method", "entries", "workers")

#: Options of the command line that the method of textbooks does not have.
NOT_FOR_TEXTBOOKS = ("rtol", "entries")


@dataclass(frozen=True, slots=True)
class Choices:
    """Options of `gradcheck check` that concern each target.

    Attributes
    ----------
    rtol : float or None
    seed : int or None
    budget : int or None
    entries : bool
    workers : int or None
    method : str
    hints : Hints or None
        For scripts.
    progress : bool
        Whether a progress bar is shown.
    curves : bool
        Whether the error against the step is measured, for a report with pictures.
    from_file : frozenset of str
        Options that stand in a file: they apply to the targets that have them.
    """

    rtol: float | None = None
    seed: int | None = None
    budget: int | None = None
    entries: bool = False
    workers: int | None = None
    method: str = "gradcheck"
    hints: Hints | None = None
    progress: bool = False
    curves: bool = False
    from_file: frozenset[str] = frozenset()

    def given(self, names: Sequence[str]) -> list[str]:
        """Those of some options that are set, and do not stand in a file, as they are written."""
        unset = Choices()
        said = [name for name in names if getattr(self, name) != getattr(unset, name) and name not in self.from_file]
        return [f"--method {self.method}" if name == "method" else f"--{name}" for name in said]

    def without(self, names: Sequence[str]) -> Choices:
        """These options with those of a file left out that are among some."""
        unset = Choices()
        return replace(self, **{name: getattr(unset, name) for name in names if name in self.from_file})


def check_target(target: Target, choices: Choices) -> Outcome:
    """Check a target. What its code prints goes to standard error."""
    started = time.perf_counter()
    outcome = Outcome(target.text, error=target.problem)
    place = None
    try:
        if not target.problem:
            place = target.place
            with printing_to_stderr():
                outcome = Outcome(target.text, _report(target, choices))
    except BaseException as error:
        from gradcheck.app.faults import is_fault, message_of, place_of

        place = place_of(error) or place
        outcome = Outcome(target.text, error=message_of(error), fault=is_fault(error))
    file, line = place or (None, 1)
    return replace(outcome, file=file, line=line, seconds=time.perf_counter() - started)


def _report(target: Target, choices: Choices) -> Report:
    if target.is_program:
        if refused := choices.given(NOT_FOR_SCRIPTS):
            raise TargetError(
                f"{', '.join(refused)} cannot be used with scripts: leave it out, or name a model or a function, such "
                f"as {target.text}:NAME"
            )
        from gradcheck.scripts.program import check_program
        from gradcheck.scripts.text.source import Source
        from gradcheck.subjects.load import existing_file

        path = existing_file(target.text)
        sources = None if target.source is None else [Source(str(path), target.source)]
        return check_program(
            path,
            hints=choices.hints,
            sources=sources,
            rng=choices.seed,
            rtol=choices.rtol,
            budget=choices.budget,
            curves=choices.curves,
        )
    if choices.method == "textbook" and "method" not in choices.from_file:
        choices = choices.without(NOT_FOR_TEXTBOOKS)
    from gradcheck.checks.described import described
    from gradcheck.checks.gradients import check_subject
    from gradcheck.subjects.load import loaded, subject_of

    found = loaded(target.text)
    description = described(found, target.text)
    if description is not None:
        if choices.method == "textbook" and description.kind != "gradients":
            raise TargetError(
                f"--method textbook is for the gradient of a number, and {target.text} is for check_{description.kind}"
                ": leave it out, or use --method taylor, complex or jax"
            )
        report = description.check(
            rtol=choices.rtol,
            rng=choices.seed,
            budget=choices.budget,
            entries=choices.entries or None,
            workers=choices.workers,
            progress=choices.progress or None,
            method=None if choices.method == "gradcheck" else choices.method,
        )
        return replace(report, target=report.target if report.target != "<lambda>" else target.text)
    return check_subject(
        subject_of(found, target.text),
        rng=choices.seed,
        rtol=choices.rtol,
        budget=choices.budget,
        entries=choices.entries,
        workers=choices.workers,
        method=choices.method,
        progress=choices.progress,
        curves=choices.curves,
    )
