"""The HTML report: verdict, table and findings, all names escaped."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
import pytest

from gradcheck import check_gradients
from tests.cases import SoftmaxRegression, logcosh

CASE = SoftmaxRegression()


class Reader(HTMLParser):
    """Collects tags and text, and checks that tags are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not {"src", "href", "onclick"} & {name for name, _ in attrs}
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.mark.parametrize(("factor", "word", "findings"), [(1.0, "PASS", 0), (2.0, "FAIL", 1)])
def test_fragment_has_verdict_blocks_and_findings(factor: float, word: str, findings: int) -> None:
    report = check_gradients(CASE.loss, CASE.spoiled("W", lambda g: factor * g), CASE.start, rng=0)
    page = Reader(report._repr_html_())
    assert page.text[0] == word
    assert page.tags.count("tr") == 1 + 2 + len({line.file for line in report.lines}) + len(report.lines)
    assert page.tags.count("li") == findings
    assert not {"script", "link", "img", "style"} & set(page.tags)
    text = "".join(page.text)
    assert "SoftmaxRegression.loss" in text
    assert f"rng={report.seed}" in text


def test_names_are_escaped() -> None:
    name = "<script>alert('&amp;')</script>"
    loss = lambda p: logcosh(p[name])  # noqa: E731
    for claim in (lambda p: {name: np.tanh(p[name])}, lambda p: {name: np.nan * p[name]}):
        page = Reader(check_gradients(loss, claim, {name: np.ones(2)}, rng=0)._repr_html_())
        assert "script" not in page.tags
        assert name in "".join(page.text)
        assert "<lambda>" in "".join(page.text)


def test_lines_are_shown_with_their_marks() -> None:
    report = check_gradients(logcosh, lambda x: 2 * np.tanh(x), np.linspace(0.5, 1.5, 4), rng=0)
    (line,) = report.lines
    text = " ".join(Reader(report._repr_html_()).text)
    assert f"{line.line} ✗ wrong {line.text}" in text
    assert "Write: " in text
