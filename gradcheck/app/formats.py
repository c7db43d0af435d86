"""The formats of `gradcheck check`: from outcomes to a text, and what kind of text it is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gradcheck.app.terminal import Appearance, laid_out

if TYPE_CHECKING:
    from gradcheck.reports.outcome import Outcome

FORMATS = ("text", "concise", "json", "github", "gitlab", "sarif", "junit", "csv", "html")

#: What is typed to repeat a check on the command line; ``{}`` is the seed.
RERUN = "--seed {}"

#: Environment variables with the folder of the repository that a service checks.
_ROOTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")


@dataclass(frozen=True, slots=True)
class Presentation:
    """How outcomes are written.

    Attributes
    ----------
    form : str
        One of `FORMATS`.
    several : bool
        Whether the command line may stand for several targets.
    only_wrong : bool
        Whether what passes is left out.
    look : Appearance
        Of text.
    """

    form: str
    several: bool
    only_wrong: bool
    look: Appearance


def kind_of(form: str) -> str:
    """What a format is, for `gradcheck.app.terminal.write`."""
    if form in ("json", "gitlab", "sarif"):
        return "json"
    return "markup" if form in ("html", "junit") else "plain"


def formatted(outcomes: Sequence[Outcome], how: Presentation) -> str:
    """Write outcomes in a format."""
    shown = [outcome for outcome in outcomes if not (how.only_wrong and outcome.passes)]
    if how.form == "text":
        return _text(outcomes, shown, how)
    if how.form == "json":
        from gradcheck.reports.json import json_of_outcome, json_of_outcomes

        return json_of_outcomes(shown) if how.several else json_of_outcome(outcomes[0])
    return _other(shown, how.form)


def _text(outcomes: Sequence[Outcome], shown: Sequence[Outcome], how: Presentation) -> str:
    width = how.look.width
    if how.several:
        from gradcheck.reports.several import render_all

        left_out = [outcome for outcome in outcomes if outcome not in shown]
        return laid_out(render_all(shown, width, RERUN, left_out), how.look)
    report = outcomes[0].named
    if report is None:
        return ""  # said on standard error
    if not shown:
        return f"{report.verdict.value}: {outcomes[0].target}"
    from gradcheck.reports.text import render

    return laid_out(render(report, width, RERUN), how.look)


def _other(outcomes: Sequence[Outcome], form: str) -> str:
    if form == "concise":
        from gradcheck.reports.concise import concise_of

        return concise_of(outcomes)
    if form == "github":
        return github_annotations(outcomes)
    if form == "gitlab":
        from gradcheck.reports.gitlab import gitlab_of

        return gitlab_of(outcomes, _root())
    if form == "sarif":
        from gradcheck.reports.sarif import sarif_of

        return sarif_of(outcomes, _root())
    if form == "junit":
        from gradcheck.reports.junit import junit_of

        return junit_of(outcomes, rerun=RERUN)
    if form == "csv":
        from gradcheck.reports.csv import csv_of

        return csv_of(outcomes)
    from gradcheck.reports.page import page_of

    return page_of(outcomes, rerun=RERUN)


def github_annotations(outcomes: Sequence[Outcome]) -> str:
    """The outcomes as annotations of GitHub Actions."""
    from gradcheck.reports.github import github_of

    return github_of(outcomes, _root())


def _root() -> Path:
    """The folder that paths are relative to: the repository, if a service says where it is, else this folder."""
    here = Path.cwd()
    for name in _ROOTS:
        folder = Path(os.environ.get(name) or here)
        if folder.is_dir() and here.is_relative_to(folder.resolve()):
            return folder.resolve()
    return here
