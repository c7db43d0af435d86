"""The doctor's report as a page of HTML: one file that loads nothing, with the plots in it."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from gradcheck.errors import SubjectError
from gradcheck.reports.page import section_of
from gradcheck.reports.signs import made_visible
from gradcheck.reports.table import HEADERS
from gradcheck.reports.template import filled
from gradcheck.reports.text import RERUN
from gradcheck.training.doctor.data import DoctorData
from gradcheck.training.doctor.plots import drawable, svg_of
from gradcheck.training.doctor.text import ADJECTIVES, LOSSES, advice_of, cost_of, summary_of, trial_rows

#: What matplotlib writes that a page of HTML does not need, or that would hold for the whole page.
_LEFT_OUT = re.compile(r"<metadata>.*?</metadata>|<style\b.*?</style>|\sxmlns(?::\w+)?=\"[^\"]*\"", re.DOTALL)

#: Definitions and uses of names in SVG.
_NAMES = re.compile(r"(\bid=\"|\bhref=\"#|url\(#)")


def page_of(report: DoctorData, *, rerun: str = RERUN, title: str = "Diagnosis of a training") -> str:
    """Write the page.

    Parameters
    ----------
    report : DoctorData
    rerun : str
        As for `gradcheck.reports.text.text_of`.
    title : str

    Raises
    ------
    GradcheckError
        If jinja2 is not installed.
    """
    pictures, missing = _pictures(report)
    notes = [*map(made_visible, report.notes), *missing, *advice_of(report), cost_of(report, rerun)]
    gradient = made_visible(report.gradient)
    return filled(
        Path(__file__).with_name("page.html"),
        title=title,
        summary="",
        target=made_visible(report.target),
        adjective=ADJECTIVES[report.verdict],
        regimen=made_visible(report.regimen),
        outcome=summary_of(report),
        findings=made_visible(report.findings),
        headers_of_trials=LOSSES,
        trials=made_visible(tuple(trial_rows(report))),
        pictures=pictures,
        notes=notes,
        headers=HEADERS,
        each={
            **section_of(gradient, rerun),
            "target": gradient.target,
            "verdict": gradient.verdict.value,
        },
    )


def _pictures(report: DoctorData) -> tuple[list[tuple[str, str]], list[str]]:
    """Captions and pictures, and why there are none."""
    if report.figures is None:
        return [], []
    try:
        drawn = [(panel, svg_of(panel, report.figures)) for panel, _ in drawable(report.figures)]
    except SubjectError as error:
        return [], [f"No pictures: {error}"]
    return [(panel.says, inline_svg(picture, panel.name, panel.says)) for panel, picture in drawn], []


def inline_svg(svg: str, name: str, label: str) -> str:
    """A file of SVG as an element of a page, with a label, whose names no other element of the page has."""
    element = _LEFT_OUT.sub("", svg[svg.index("<svg") :])
    element = _NAMES.sub(lambda found: f"{found[1]}{name}-", element)
    style = "stroke-linejoin: round; stroke-linecap: butt"
    return element.replace("<svg", f'<svg role="img" aria-label="{escape(label)}" style="{style}"', 1)
