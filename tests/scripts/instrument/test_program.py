"""Instrumented scripts and the modules that they import."""

from __future__ import annotations

import types
from pathlib import Path

from gradcheck.scripts.instrument.program import InstrumentedProgram
from gradcheck.scripts.text.source import Source


def test_cells_share_their_variables() -> None:
    program = InstrumentedProgram(
        Path("n.ipynb"), [Source("cell 1", "a = 1.0"), Source("cell 2", "b = a + c")], {"c": 2}
    )
    variables: dict[str, object] = {}
    program.execute(variables)
    assert variables["b"] == 3.0


def test_a_module_that_is_run_again_keeps_the_numbers_of_its_loops(tmp_path: Path) -> None:
    file = tmp_path / "helper.py"
    file.write_text("for i in range(2):\n    a = 1.0 * i\n", encoding="utf-8")
    program = InstrumentedProgram(tmp_path / "train.py", [Source("train.py", "import helper\n")])
    for _ in range(2):
        program.execute_module(file, types.ModuleType("helper"))
    assert [loop.number for loop in program.loops] == [0]
    assert len(program.trees) == 2


def test_names_that_functions_share() -> None:
    text = "def f():\n    global w\n    w = 1.0\n    v = 2.0\n"
    assert InstrumentedProgram(Path("train.py"), [Source("train.py", text)]).shared_names() == {"w"}
