"""The page of HTML: whole, escaped, without links to anything, and readable in a browser."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gradcheck.errors import GradcheckError
from gradcheck.reports.page import page_of
from tests.reports.outcomes import all_kinds, broken, failing, passing, program

#: Elements without an end tag.
VOID = {"meta", "input", "br"}

NASTY = "<script>alert(1)</script>\x1b[31m&'\""


class Structure(HTMLParser):
    """Checks that elements are closed in order, and collects their attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.text += data


def structure(page: str) -> Structure:
    found = Structure()
    found.feed(page)
    assert found.open == []
    return found


def test_the_page_is_well_formed_and_shows_every_target() -> None:
    found = structure(page_of(all_kinds()))
    for text in ("right.py:make", "wrong.py:make", "noisy.py:make", "broken.py", "student.py", "second line"):
        assert text in found.text
    ids = [attributes["id"] for _, attributes in found.seen if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = [attributes["href"] for tag, attributes in found.seen if tag == "a"]
    assert [str(link)[1:] for link in links] == [f"target-{i}" for i in range(1, 6)]
    assert {str(link)[1:] for link in links} <= set(ids)


def test_nothing_is_loaded() -> None:
    page = page_of(all_kinds())
    assert "://" not in page
    found = structure(page)
    assert not {tag for tag, _ in found.seen} & {"link", "img", "iframe", "object", "base"}
    assert not [attributes for _, attributes in found.seen if "src" in attributes]


def test_names_are_shown_as_text() -> None:
    report = program(NASTY).report
    assert report is not None
    blocks = {NASTY: replace(report.blocks["x"], name=NASTY)}
    outcome = replace(program(NASTY), report=replace(report, blocks=blocks))
    page = page_of([outcome, broken(NASTY)])
    assert page.count("<script") == 1
    assert "\x1b" not in page
    assert "<script>alert(1)</script>\\x1b[31m&'\"" in structure(page).text


def test_source_marks_and_repairs_are_shown() -> None:
    page = page_of([program()])
    assert re.search(r'<tr class="fail"><td class="n">4</td>', page)
    assert '<span class="removed">-    dx = 3 * x</span>' in page
    assert '<span class="added">+    dx = 2 * x</span>' in page
    assert page.count('<svg class="heat"') == 3


def test_one_target_is_open_and_has_no_filters() -> None:
    page = page_of([passing()])
    assert 'id="filters"' not in page
    assert re.search(r"<details [^>]*open>", page)


def test_of_several_targets_those_that_pass_are_closed() -> None:
    targets = re.findall(r'<details class="target" [^>]*>', page_of([passing(), failing()]))
    assert ["open" in target.split('"')[-1] for target in targets] == [True, False]


def test_a_long_source_is_shown_around_its_marks() -> None:
    source = "y = 1\n" * 300
    page = page_of([program(source=source)])
    numbers = [int(n) for n in re.findall(r'<td class="n">(\d+)</td>', page)]
    assert numbers == list(range(1, 13))


def test_the_seed_is_given_as_it_is_typed() -> None:
    assert "reproduce with --seed 1" in page_of([passing()], rerun="--seed {}")


def test_without_jinja2_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    with pytest.raises(GradcheckError, match=r"pip install 'gradcheck\[html\]'"):
        page_of([passing()])


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_filters_work_in_a_browser(tmp_path: Path) -> None:
    script = """<script>
      const form = document.getElementById("filters");
      const count = () => document.querySelectorAll("details.target:not([hidden])").length;
      const seen = [form.hidden, count()];
      form.querySelector("input[value=pass]").click();
      seen.push(count());
      form.elements.text.value = "student.py DX";
      form.elements.text.dispatchEvent(new Event("input", {bubbles: true}));
      seen.push(count(), document.querySelectorAll("tr.row:not([hidden])").length);
      document.title = JSON.stringify(seen);
    </script></body>"""
    path = tmp_path / "page.html"
    path.write_text(page_of(all_kinds()).replace("</body>", script), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=2000", f"--user-data-dir={tmp_path}"]
    command = [str(CHROMIUM), *flags, "--dump-dom", path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        pytest.skip("Chromium does not start here")
    assert "<title>[false,5,4,1,1]</title>" in done.stdout
