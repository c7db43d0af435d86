"""The page about optimisers shows the real output, and lists every mistake and every reference."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

from gradcheck.training.optimisers.mistakes import MISTAKES
from gradcheck.training.optimisers.references import FORMULAS, hyperparameter_names

PAGE = (Path(__file__).parents[3] / "docs" / "optimisers.md").read_text(encoding="utf-8")


def test_the_examples_print_what_is_shown() -> None:
    names: dict[str, Any] = {}
    shown = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL)
    assert len(shown) == PAGE.count("```python") == 3
    for code, text in shown:
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(code, names)
        assert printed.getvalue() == text


def test_every_mistake_and_every_reference_is_listed() -> None:
    table = PAGE.split("## How a term is named")[1]
    assert set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", table)) == {mistake.slug for mistake in MISTAKES}
    rows = dict(re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", PAGE, re.MULTILINE))
    assert set(rows) == set(FORMULAS)
    for kind, numbers in rows.items():
        named = set(re.findall(r"`(\w+)`", numbers)) | ({"rate", "beta1", "beta2", "eps"} if kind == "AdamW" else set())
        assert named == set(hyperparameter_names(kind))
