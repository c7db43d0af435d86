"""The page of HTML on a training: whole, escaped, without links to anything, with the plots in it."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import gradcheck
from gradcheck.app.examples.xor import BATCH, QuestionNetwork
from gradcheck.training.doctor.page import inline_svg, page_of
from tests.reports.test_page import structure

pytest.importorskip("jinja2")
pytest.importorskip("matplotlib")


@cache
def stalled() -> gradcheck.DoctorReport:
    return gradcheck.doctor(QuestionNetwork(), batch=BATCH, steps=1_000_000, rng=0, budget=20, seeds=2)


def test_the_page_has_findings_trials_pictures_and_the_check() -> None:
    page = page_of(stalled(), rerun="--seed {}")
    found = structure(re.sub(r"<(\w+)([^<>]*)/>", r"<\1\2></\1>", page))
    for text in ("GT101", "chance-plateau", "RMSProp", "GRADIENT RIGHT", "reproduce with --seed 0", "error bar"):
        assert text in found.text
    labels = [attributes["aria-label"] for tag, attributes in found.seen if tag == "svg"]
    assert "Loss and norm of the gradient along the gradient flow." in labels
    curves = [label for label in labels if label and "error against step" in label]  # of the check
    assert len(curves) == len(stalled().gradient.blocks)
    assert len(labels) == len(set(labels)) == page.count('<figure class="picture">') + len(curves)


def test_nothing_is_loaded_and_no_name_is_there_twice() -> None:
    page = page_of(stalled())
    assert "://" not in page
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    used = set(re.findall(r'href="#([^"]*)"', page)) | set(re.findall(r"url\(#([^)]*)\)", page))
    assert used <= set(ids)


def test_names_are_shown_as_text() -> None:
    nasty = "<script>alert(1)</script>\x1b[31m"
    report = stalled()
    assert report.figures is not None
    page = page_of(replace(report, target=nasty, figures=replace(report.figures, title=nasty)))
    assert "<script" not in page
    assert "\x1b" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[31m" in page


def test_a_wrong_gradient_has_the_check_and_no_pictures() -> None:
    report = gradcheck.doctor(lambda x: float(x @ x), lambda x: 3 * x, np.ones(3), rng=0, budget=0)
    page = page_of(report)
    assert "Fix the gradient first" in page
    assert "constant-factor" in page
    assert '<figure class="picture">' not in page


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    report = stalled()
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    page = page_of(report)
    assert "gradcheck[plots]" in page
    assert "GT101" in page


def test_styles_of_a_picture_do_not_reach_the_page() -> None:
    svg = '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><defs><style>*{fill: red}</style></defs>'
    element = inline_svg(f'{svg}<g id="a"><use xlink:href="#a" clip-path="url(#a)"/></g></svg>', "one", 'a "b"')
    assert "fill: red" not in element
    assert "xmlns" not in element
    assert 'id="one-a"><use xlink:href="#one-a" clip-path="url(#one-a)"/>' in element
    assert 'aria-label="a &quot;b&quot;"' in element
