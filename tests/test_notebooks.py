"""The notebooks run, and conclude what they say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


def run(name: str) -> dict[str, Any]:
    """Names that the cells of a notebook leave behind."""
    cells = json.loads((NOTEBOOKS / name).read_text(encoding="utf-8"))["cells"]
    left: dict[str, Any] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec(compile(cell["source"], f"{name}:{cell['id']}", "exec"), left)
    return left


def test_the_first_check() -> None:
    left = run("first_check.ipynb")
    assert left["report"]
    assert left["wrong"].verdict.value == "fail"
    assert left["question"]
    assert {block.verdict.value for block in left["answer"].blocks.values()} == {"fail"}
