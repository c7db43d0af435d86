"""The page about `gradcheck.nn` runs as it is written, and names what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax

import gradcheck.nn
from gradcheck.nn.kinds import FAMILIES

PAGE = (Path(__file__).parents[2] / "docs" / "nn.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def left() -> dict[str, Any]:
    """Names that the page's examples leave behind, run one after the other."""
    names: dict[str, Any] = {}
    for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(code, names)
    return names


def test_the_examples_have_the_stated_results(left: dict[str, Any]) -> None:
    assert left["losses"][-1] < 0.01 < left["losses"][0]
    verdicts = {name: block.verdict.value for name, block in left["report"].blocks.items()}
    assert {name for name, verdict in verdicts.items() if verdict == "fail"} == {"layers.0.W", "layers.0.b"}
    assert {name for name, verdict in verdicts.items() if verdict == "pass"} == set(verdicts) - {
        "layers.0.W",
        "layers.0.b",
    }
    assert left["again"].spec() == left["network"].spec()
    assert left["classifier"].dtype == "float32"


def test_the_shortcut_is_p_minus_y(left: dict[str, Any]) -> None:
    p = softmax([[2.0, 0.0], [1.0, 3.0]], axis=1)
    np.testing.assert_allclose(left["slope"], (p - [[1, 0], [1, 0]]) / 2)


def test_the_table_lists_everything() -> None:
    table = PAGE.split("## What there is")[1].split("##")[0]
    kinds = {kind for kinds in FAMILIES.values() for kind in kinds}
    assert kinds <= set(re.findall(r"`(\w+)`", table))
    assert set(re.findall(r"`(\w+)`", table)) <= set(gradcheck.nn.__all__)
