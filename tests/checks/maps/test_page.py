"""The examples on the page about derivatives run, and show what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[3] / "docs" / "derivatives.md"


def test_the_examples_run_one_after_the_other() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    space: dict[str, Any] = {}
    for block in blocks:
        printed: list[str] = []
        space["print"] = lambda *values, printed=printed: printed.extend(map(str, values))
        exec(block, space)
        said = re.findall(r"^print\(.*\)  # (.+)$", block, re.MULTILINE)
        assert printed == said
    assert len(blocks) == 7
