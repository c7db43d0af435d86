"""Every snippet of Python in the documentation runs, one after the other on each page.

Pages on mistakes and causes are run by `tests/app/test_explain.py`, tutorials by `tests/doors`.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import check_gradients
from gradcheck.app.examples.xor import BATCH, AnswerNetwork, QuestionNetwork

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

#: What stands for the reader's own names and files.
FUNCTIONS = {"fun": lambda x: float(x @ x), "grad": lambda x: 2 * x, "x0": np.ones(3)}
BOTH = {"value_and_grad": lambda x: (float(x @ x), 2 * x), "g": 2 * np.ones(3), "model": QuestionNetwork(scale=1.0)}
NETWORK = {"network": QuestionNetwork(scale=1.0), "X": BATCH[0], "y": BATCH[1]}
GIVEN: dict[str, dict[str, Any]] = {
    "README.md": FUNCTIONS | BOTH | {"X": BATCH[0], "y": BATCH[1]},
    "docs/index.md": FUNCTIONS,
    "docs/doctor.md": NETWORK,
    "docs/pairs.md": NETWORK,
    "docs/testing.md": FUNCTIONS | {"pytest": pytest},
}

#: Modules of the reader that pages import from: they hold what the page has defined so far, and all its layers.
MODULES = {"docs/testing.md": ("model", "mylayers")}

#: Run elsewhere.
ELSEWHERE = ("mistakes", "training", "tutorials", "_copies", "_build")


def snippets(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)


def pages() -> list[str]:
    found = [path for path in sorted(DOCS.rglob("*.md")) if not set(ELSEWHERE) & set(path.relative_to(DOCS).parts)]
    names = ["README.md", *(path.relative_to(ROOT).as_posix() for path in found)]
    return [name for name in names if snippets(name)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    programs = ROOT / "tests" / "training" / "doctor" / "programs"
    shutil.copy(programs / "question.py", tmp_path / "train.py")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", pages())
def test_every_snippet_runs(page: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    names: dict[str, Any] = dict(GIVEN.get(page, {}))
    for number, code in enumerate(snippets(page)):
        for module in MODULES.get(page, ()):
            stand_in = ModuleType(module)
            vars(stand_in).update({"LAYERS": [names.get("Dense")], **names})
            monkeypatch.setitem(sys.modules, module, stand_in)
        exec(compile(code, f"{page}, snippet {number}", "exec"), names)


def test_snippets_with_tensors_run() -> None:
    pytest.importorskip("torch")
    for page in ("docs/pytorch.md", "docs/derivatives.md"):
        names: dict[str, Any] = {"gradcheck": gradcheck}
        found = re.findall(r"```py\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
        assert found
        for number, code in enumerate(found):
            exec(compile(code, f"{page}, snippet {number}", "exec"), names)


#: A number. Its last digits differ from machine to machine.
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")


def test_the_readme_shows_a_report_as_it_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ellipsis stands for what is left out."""
    monkeypatch.chdir(ROOT)
    printed = str(check_gradients(AnswerNetwork(), batch=BATCH, rng=0))
    sample = re.search(r"```text\n(FAIL .*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert sample is not None
    position, text = 0, " ".join(NUMBER.sub("#", printed).split())
    for part in sample[1].split("…"):
        words = " ".join(NUMBER.sub("#", part).split())
        assert words in text[position:]
        position = text.index(words, position) + len(words)
    exact = {float(number) for number in NUMBER.findall(printed)}
    bars = {float(number) for number in re.findall(rf"± ({NUMBER.pattern})", sample[1])}
    for number in {float(number) for number in NUMBER.findall(sample[1])} - bars:
        assert min(abs(number - other) for other in exact) <= 1e-3 * abs(number)


def test_the_pages_are_found() -> None:
    assert {"README.md", "docs/index.md", "docs/derivatives.md", "docs/gallery.md"} <= set(pages())
    assert sum(len(snippets(page)) for page in pages()) > 30
    assert set(GIVEN) <= set(pages())


def test_the_gallery_shows_every_picture() -> None:
    text = (DOCS / "gallery.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\(pictures/([\w.-]+)\)", text)) == {path.name for path in (DOCS / "pictures").iterdir()}


def test_the_gallery_is_what_its_benchmark_writes() -> None:
    pytest.importorskip("jinja2")
    from benchmarks.gallery import page

    assert (DOCS / "gallery.md").read_text(encoding="utf-8") == page()
