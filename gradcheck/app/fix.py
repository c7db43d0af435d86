"""`--diff` and `--fix`: shows the repairs of scripts, and writes those that hold when the script is checked again."""

from __future__ import annotations

import codecs
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from gradcheck.app.targets import Target
from gradcheck.reports.outcome import Outcome
from gradcheck.reports.repairs import diff_of, repaired_by
from gradcheck.verdicts.verdict import Verdict

#: Repairs of one script, one after the other: each is checked, and must leave fewer blocks wrong.
MOST_REPAIRS = 8


@dataclass(frozen=True, slots=True)
class Repair:
    """What became of the repair of one script.

    Attributes
    ----------
    diff : str
        The change, as a unified diff; empty if there is none.
    message : str
        What was done, in one line.
    outcome : Outcome
        Of the script as it stands now.
    written : bool
        False if the change should have been written and could not be.
    """

    diff: str
    message: str
    outcome: Outcome
    written: bool = True


def shown_diff(outcome: Outcome) -> str:
    """The repair of the strongest finding that has one, as a unified diff; empty if no finding has one."""
    if outcome.report is None or outcome.report.verdict is not Verdict.FAIL:
        return ""
    for file, text in outcome.report.sources.items():
        after = repaired_by(text, outcome.report.findings, file)
        if after is not None:
            return diff_of(text, after, Path(file).as_posix())
    return ""


def fixed(
    target: Target, outcome: Outcome, check: Callable[[Target], Outcome], show: Callable[[str], object]
) -> Repair | None:
    """Repair a script, as long as each repair makes fewer gradients wrong.

    Parameters
    ----------
    target : Target
    outcome : Outcome
        Of the script as it stands.
    check : callable
        Checks a target.
    show : callable
        Called with the diff before the script is overwritten.

    Returns
    -------
    Repair or None
        None if there is nothing to repair.
    """
    path = Path(target.text)
    if path.suffix != ".py" or not target.is_program or _wrong(outcome) == 0:
        return None
    before = path.read_bytes()
    mark = codecs.BOM_UTF8 if before.startswith(codecs.BOM_UTF8) else b""
    start = before[len(mark) :].decode("utf-8")
    text, current = start, outcome
    for _ in range(MOST_REPAIRS):
        findings = current.report.findings if current.report is not None else ()
        after = repaired_by(text, findings, target.text)
        if after is None:
            break
        tried = check(replace(target, source=after))
        if tried.report is None or _wrong(tried) >= _wrong(current):
            break
        text, current = after, tried
    if text == start:
        return Repair("", f"{path}: no repair was found that makes a gradient right; nothing was changed", outcome)
    diff = diff_of(start, text, path.as_posix())
    show(diff)
    trouble = _write(path, before, mark + text.encode())
    if trouble:
        return Repair(diff, f"{path}: {trouble}; nothing was changed", outcome, written=False)
    return Repair(diff, f"{path}: repaired, and checked again: {current.verdict}", current)


def _wrong(outcome: Outcome) -> int:
    """How many blocks are wrong."""
    blocks = outcome.report.blocks.values() if outcome.report is not None else ()
    return sum(block.verdict is Verdict.FAIL for block in blocks)


def _write(path: Path, before: bytes, after: bytes) -> str:
    """Replace the content of a file in one step, unless it has changed. Returns why it could not be replaced."""
    place = path.resolve()
    unfinished = place.with_name(f".{place.name}.gradcheck")
    try:
        if place.read_bytes() != before:
            return "the file was changed in the meantime"
        unfinished.write_bytes(after)
        shutil.copymode(place, unfinished)
        os.replace(unfinished, place)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        return f"it cannot be written: {error.strerror}"
    return ""
