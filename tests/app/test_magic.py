"""The cell magic: it checks the loop in a cell on copies of the notebook's variables."""

from __future__ import annotations

import contextlib
import re
import threading
import traceback
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck.app.magic import load_ipython_extension, with_body
from gradcheck.tracebacks import is_internal

STEP = """for _ in range(100):
    e = w * x - y
    loss = np.mean(e**2)
    dw = 2 * np.mean(e * x)
    w = w - 0.1 * dw
"""


class Shell:
    """As much of IPython's shell as the magic uses."""

    def __init__(self, **names: Any) -> None:
        self.user_ns = {"np": np, "x": np.linspace(-1, 1, 7), "y": np.ones(7), "w": np.array([0.5]), **names}
        self.magics: dict[str, Any] = {}
        self.user_ns_hidden: dict[str, Any] = {}
        self.input_transformers_cleanup: list[Any] = []

    def register_magic_function(self, function: Any, kind: str, name: str) -> None:
        assert kind == "cell"
        self.magics[name] = function


def checked(shell: Shell, line: str, cell: str) -> Any:
    load_ipython_extension(shell)
    return shell.magics["gradcheck"](line, cell)


def test_a_right_cell_passes_and_a_wrong_one_fails() -> None:
    assert checked(Shell(), "--seed 1", STEP).verdict.value == "pass"
    report = checked(Shell(), "--seed 1", STEP.replace("dw = 2 * ", "dw = -2 * "))
    assert report.verdict.value == "fail"
    assert report.seed == 1
    assert report.findings[0].file == "this cell"


def test_the_notebooks_variables_stay_as_they_are() -> None:
    shell = Shell(lock=threading.Lock(), _hidden=object())  # a lock cannot be copied
    start = shell.user_ns["w"]
    checked(shell, "", STEP)
    assert shell.user_ns["w"] is start
    assert start == [0.5]


def test_hints_are_passed_on() -> None:
    cell = STEP.replace("    loss = np.mean(e**2)\n", "").replace("dw", "step_of_w")
    report = checked(Shell(), "--loss 'np.mean((w * x - y) ** 2)' --pair w=step_of_w", cell)
    assert report.verdict.value == "pass"


@pytest.mark.parametrize(
    ("line", "cell", "message"),
    [
        ("--unknown 1", STEP, "unrecognized arguments: --unknown 1; %%gradcheck --help"),
        ("--pair w", STEP, "write the variable"),
        ("", "x = 1\n", "has no loop"),
    ],
)
def test_what_cannot_be_checked_is_said_in_a_line(line: str, cell: str, message: str) -> None:
    with pytest.raises(Exception, match=re.escape(message)) as caught:
        checked(Shell(), line, cell)
    assert not isinstance(caught.value, SystemExit)


def test_the_help_lists_the_options_and_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(Shell(), "--help", STEP) is None
    shown = capsys.readouterr().out
    assert all(option in shown for option in ("--loss", "--pair", "--function", "--seed"))


def test_ipython_loads_the_package_and_runs_the_magic() -> None:
    testing = pytest.importorskip("IPython.testing.globalipapp")
    shell = testing.start_ipython() or testing.get_ipython()
    shell.run_line_magic("load_ext", "gradcheck")
    shell.push(Shell().user_ns)
    report = shell.run_cell(f"%%gradcheck --seed 1\n{STEP}").result
    assert report.verdict.value == "pass"
    assert shell.run_cell(f"%%gradcheck --help\n{STEP}").success
    assert "<table>" in report._repr_html_()


@pytest.fixture
def ipython() -> Any:
    testing = pytest.importorskip("IPython.testing.globalipapp")
    shell = testing.start_ipython() or testing.get_ipython()
    shell.run_line_magic("load_ext", "gradcheck")
    shell.push(Shell().user_ns)
    return shell


@pytest.mark.parametrize("cell", ["%%gradcheck --help", "%%gradcheck --help\n", "%%gradcheck -h\n\n"])
def test_the_help_needs_no_body(ipython: Any, capsys: pytest.CaptureFixture[str], cell: str) -> None:
    assert ipython.run_cell(cell).success
    assert "--pair W=dW" in capsys.readouterr().out


def test_a_cell_keeps_the_body_that_it_has() -> None:
    assert with_body(["%%gradcheck --seed 1\n", "x = 1\n"]) == ["%%gradcheck --seed 1\n", "x = 1\n"]
    assert with_body(["%%time\n"]) == ["%%time\n"]
    assert with_body(["%%gradchecks\n"]) == ["%%gradchecks\n"]
    assert with_body([]) == []


def test_syntax_of_ipython_in_the_cell_is_read(ipython: Any) -> None:
    cell = "files = !ls\n%time q = 1\nscale = %time 2 * np.ones(1)\n" + STEP.replace("2 * np.mean", "scale * np.mean")
    report = ipython.run_cell(f"%%gradcheck --seed 1\n{cell}").result
    assert report.verdict.value == "pass"
    assert [line.line for line in report.lines] == [8]  # of the cell, with the line of the magic


def test_nothing_is_displayed_by_replays(ipython: Any, capsys: pytest.CaptureFixture[str]) -> None:
    shown = "    from IPython.display import display\n    display('of a replay')\n"
    report = ipython.run_cell(f"%%gradcheck --seed 1\n{STEP}{shown}").result
    assert report.verdict.value == "pass"
    assert "of a replay" not in capsys.readouterr().out


def test_a_traceback_that_was_shown_before_does_no_harm(ipython: Any) -> None:
    """IPython shows it with the library `executing`, which attaches parents to nodes that all trees share."""
    executing = pytest.importorskip("executing")
    with contextlib.suppress(ZeroDivisionError):
        try:
            1 / 0  # noqa: B018
        except ZeroDivisionError as error:
            executing.Source.executing(error.__traceback__).node  # noqa: B018
            raise
    assert ipython.run_cell(f"%%gradcheck --seed 1\n{STEP}").result.verdict.value == "pass"


def test_the_history_is_no_variable_of_the_notebook() -> None:
    class History(dict[int, Any]):
        def __deepcopy__(self, memo: Any) -> Any:
            raise AssertionError("copied")

    shell = Shell(Out=History())
    shell.user_ns_hidden = {"Out": shell.user_ns["Out"]}
    assert checked(shell, "--seed 1", STEP).verdict.value == "pass"


def test_what_no_function_may_hold_is_said_in_a_line() -> None:
    with pytest.raises(Exception, match="this cell, line 3: 'await' outside function"):
        checked(Shell(), "", STEP.replace("    e = w", "    await f()\n    e = w"))


def test_all_reports_have_html() -> None:
    from gradcheck import DoctorReport, OptimiserReport, Pairs, Report

    assert all(hasattr(kind, "_repr_html_") for kind in (Report, DoctorReport, OptimiserReport, Pairs))


def test_what_a_cell_raises_is_shown_without_frames_of_gradcheck(ipython: Any) -> None:
    error = ipython.run_cell("%%gradcheck\nfor step in range(3):\n    raise KeyError('no data')").error_in_exec
    assert isinstance(error, KeyError)
    files = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)]
    assert files[-1].endswith("this cell")
    inside = [file for file in files if Path(file).parts[-2:] != ("app", "magic.py") and is_internal(file)]
    assert not inside


def test_a_fault_of_gradcheck_shows_all_frames(ipython: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradcheck.scripts.program._report", None)
    error = ipython.run_cell(f"%%gradcheck --seed 1\n{STEP}").error_in_exec
    assert isinstance(error, TypeError)
    files = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)]
    assert Path(files[-1]).name == "program.py"
