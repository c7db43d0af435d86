"""Templates: values are escaped, and what is missing is an error, not an empty place."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck import __version__
from gradcheck.errors import GradcheckError
from gradcheck.reports.template import filled

jinja2 = pytest.importorskip("jinja2")


def template(folder: Path, text: str) -> Path:
    path = folder / "own.html"
    path.write_text(text, encoding="utf-8")
    return path


def test_values_are_escaped(tmp_path: Path) -> None:
    assert filled(template(tmp_path, "{{ x }} {{ version }}"), x="<b>&") == f"&lt;b&gt;&amp; {__version__}"


def test_a_missing_value_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(jinja2.UndefinedError):
        filled(template(tmp_path, "{{ y }}"), x=1)


def test_a_template_elsewhere_has_the_frame_of_the_pages(tmp_path: Path) -> None:
    own = template(tmp_path, '{% extends "layout.html" %}{% block main %}mine{% endblock %}')
    page = filled(own, title="T & C", summary="")
    assert "<title>T &amp; C</title>" in page
    assert "mine" in page[page.index("<main>") : page.index("</main>")]


def test_without_jinja2_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    with pytest.raises(GradcheckError, match=r"pip install 'gradcheck\[html\]'"):
        filled(template(tmp_path, ""))
