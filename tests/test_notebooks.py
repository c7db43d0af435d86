"""The notebooks run, and conclude what they say."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


def run(name: str) -> dict[str, Any]:
    """Names that the cells of a notebook leave behind."""
    cells = json.loads((NOTEBOOKS / name).read_text(encoding="utf-8"))["cells"]
    left: dict[str, Any] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), f"{name}:{cell['id']}", "exec"), left)
    return left


def test_the_first_check() -> None:
    left = run("first_check.ipynb")
    assert left["report"]
    assert left["wrong"].verdict.value == "fail"
    assert left["question"]
    assert {block.verdict.value for block in left["answer"].blocks.values()} == {"fail"}


def cells_of(name: str, *, execute: bool) -> dict[str, Any]:
    """Cells of a notebook by id, as they are kept, or run in a kernel of their own."""
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of the machinery between here and the kernel; cells have their own
        notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
        if execute:
            place = {"metadata": {"path": str(NOTEBOOKS.parent)}}
            nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3", resources=place).execute()
    return {cell["id"]: cell for cell in notebook["cells"]}


@pytest.fixture(scope="module")
def executed() -> dict[str, Any]:
    """Cells of the notebook on the XOR post."""
    return cells_of("xor_post.ipynb", execute=True)


@pytest.fixture(scope="module")
def executed_first() -> dict[str, Any]:
    return cells_of("first_check.ipynb", execute=True)


def printed(cell: dict[str, Any]) -> str:
    """What a cell printed; a stream may be kept as a list of lines."""
    return "".join("".join(output["text"]) for output in cell["outputs"] if output["output_type"] == "stream")


def test_the_post_concludes_what_it_says(executed: dict[str, Any]) -> None:
    assert "-> 0.693147, ln 2 = 0.693147" in printed(executed["descend"])
    textbook = printed(executed["check-textbook"])
    assert re.findall(r"^(\w+)\s+(\w+)", textbook, re.MULTILINE) == [("question", "pass"), ("answer", "fail")]
    assert printed(executed["shallow"]).startswith("textbook   undecided")
    assert "gradcheck  fail: w1" in printed(executed["shallow"])
    assert "biased-average" in printed(executed["check-rule"])
    assert "sum to 9)" in printed(executed["check-rule"])


def test_the_right_gradient_ends_a_thousand_times_lower(executed: dict[str, Any]) -> None:
    ratios = [float(n.replace(",", "")) for n in re.findall(r"([\d,]+) times", printed(executed["train"]))]
    assert len(ratios) == 5
    assert min(ratios) >= 1000


def test_the_signs_alone_leave_the_plateau(executed: dict[str, Any]) -> None:
    needed = json.loads(printed(executed["irprop"]).split(": ")[1])
    assert len(needed) == 5
    assert max(needed) < 1000


def shown(cell: dict[str, Any]) -> list[str]:
    """The words that a reader sees below a cell, and 0 for each number: those differ from machine to machine."""
    texts = [
        text
        for output in cell.get("outputs", [])
        for text in (output.get("text", ""), *(output.get("data", {}).get(kind, "") for kind in KINDS))
    ]
    return re.sub(r"\d[\d.,e−+-]*|\b(inf|nan)\b", "0", "\n".join(texts)).split()


#: Kinds of output that are text.
KINDS = ("text/plain", "text/html")


@pytest.mark.parametrize(("name", "fixture"), [("first_check.ipynb", "executed_first"), ("xor_post.ipynb", "executed")])
def test_a_reader_sees_what_it_prints(name: str, fixture: str, request: pytest.FixtureRequest) -> None:
    """The notebooks are kept with their outputs, and they are those that they still have."""
    kept = cells_of(name, execute=False)
    for key, cell in request.getfixturevalue(fixture).items():
        assert shown(kept[key]) == shown(cell), key
    assert any(shown(cell) for cell in kept.values())


def test_a_reader_sees_what_it_draws(executed: dict[str, Any]) -> None:
    for cells in (cells_of("xor_post.ipynb", execute=False), executed):
        for name in ("plot-rmsprop", "irprop"):
            assert any("image/png" in output.get("data", {}) for output in cells[name]["outputs"])
    assert len((NOTEBOOKS / "xor_post.ipynb").read_bytes()) < 200_000
