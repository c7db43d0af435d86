"""Problems: places, levels and codes of what did not pass."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gradcheck.reports.problems import Level, problems_of, relative_to
from tests.reports.outcomes import all_kinds, broken, checked, failing, passing, program, undecided


def test_a_target_that_passes_has_none() -> None:
    assert problems_of([passing()]) == []


def test_a_line_of_a_program_is_the_place() -> None:
    (problem,) = problems_of([program()])
    assert (problem.file, problem.line, problem.column) == ("student.py", 4, 5)
    assert (problem.level, problem.code, problem.slug) == (Level.ERROR, "GC102", "constant-factor")
    assert "Write: dx = 2 * x" in problem.details


def test_without_a_line_the_place_is_where_the_target_is_defined() -> None:
    (problem,) = problems_of([failing()])
    assert (problem.file, problem.line, problem.column) == ("wrong.py", 7, 1)
    assert problem.code == "GC102"


def test_undecided_blocks_warn_and_errors_are_errors() -> None:
    (warning,), (error,) = problems_of([undecided()]), problems_of([broken()])
    assert (warning.level, warning.code) == (Level.WARNING, "undecided")
    assert warning.message.startswith("x: ")
    assert (error.level, error.message, error.details) == (Level.ERROR, "no such file", "second line")


def test_findings_about_an_undecided_gradient_warn() -> None:
    outcome = replace(undecided(), report=checked(1.0, 1e3))
    assert {problem.level for problem in problems_of([outcome])} == {Level.WARNING}


def test_a_wrong_gradient_without_findings_is_never_silent() -> None:
    outcome = replace(failing(), report=replace(checked(1.5), findings=()))
    (problem,) = problems_of([outcome])
    assert (problem.level, problem.code) == (Level.ERROR, "GC000")


def test_findings_about_a_gradient_that_passes_are_notes() -> None:
    finding = replace(program().report.findings[0], code="GC504")  # type: ignore[union-attr]
    outcome = replace(passing(), report=replace(checked(1.0), findings=(finding,)))
    (problem,) = problems_of([outcome])
    assert problem.level is Level.NOTE


def test_a_cell_of_a_notebook_is_named_in_the_message() -> None:
    outcome = program("work.ipynb, cell 3")
    (problem,) = problems_of([replace(outcome, file="work.ipynb")])
    assert (problem.file, problem.line) == ("work.ipynb", 1)
    assert problem.message.startswith("work.ipynb, cell 3, line 4: ")


def test_all_messages_are_one_line() -> None:
    assert all("\n" not in problem.message for problem in problems_of(all_kinds()))


def test_paths_from_a_folder(tmp_path: Path) -> None:
    assert relative_to(str(tmp_path / "a" / "b.py"), tmp_path) == "a/b.py"
    assert relative_to("b.py", tmp_path) == "b.py"
    assert relative_to("/elsewhere/b.py", tmp_path) == "/elsewhere/b.py"
