"""The contracts on the page about test suites print what the page shows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from gradcheck.testing import LayerContract
from tests.testing.contract.layers import PROMISES

PAGE = (Path(__file__).parents[3] / "docs" / "testing.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)


def shown(name: str) -> list[str]:
    """The lines of the message that the page shows for a test."""
    (block,) = [block for block in blocks("text") if f" {name} " in block.partition("\n")[0]]
    lines = block.splitlines()[1:]
    return [
        " ".join(re.sub(r"^E   [\w.]+: ", "", line).split())
        for line in lines
        if not re.fullmatch(r" *…|-+ gradcheck -+", line)
    ]


@pytest.fixture
def contracts() -> dict[str, type[LayerContract]]:
    """The contracts of the page, by name."""
    space: dict[str, Any] = {}
    for block in blocks("python"):
        if "class Pool" in block or "class Dense" in block or "(LayerContract)" in block:
            exec(block.replace("from mylayers import Dense, Pool\n", ""), space)
    return {name: value for name, value in space.items() if name.startswith("Test")}


def test_the_right_layer_passes_all_tests(contracts: dict[str, type[LayerContract]]) -> None:
    assert f"all\n{len(PROMISES)} tests" in PAGE
    contract = contracts["TestDense"]
    for name in PROMISES:
        getattr(contract(), name)()


def test_the_table_names_every_test() -> None:
    table = PAGE.partition("| test | what it checks |")[2].partition("\n\n")[0]
    named = re.findall(r"`(test_\w+|…\w+)`", table)
    found = {name if name.startswith("test_") else f"test_leaves{name.removeprefix('…')}" for name in named}
    assert found == set(PROMISES)


@pytest.mark.parametrize("name", ["TestPool.test_every_small_shape", "TestAffine.test_gradient_by_the_parameters"])
def test_the_message_is_the_one_shown(contracts: dict[str, type[LayerContract]], name: str) -> None:
    kind, _, method = name.partition(".")
    with pytest.raises(AssertionError) as caught:
        getattr(contracts[kind](), method)()
    message = " ".join(str(caught.value).split())
    for line in shown(name):
        assert line in message
