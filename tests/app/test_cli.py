"""The command line: exit statuses, what is printed where, and errors of the user."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

import gradcheck
from gradcheck.app.cli import main
from gradcheck.reports.schema import schema

SOURCE = """
import sys
import numpy as np
print("printed on import")

FACTOR = {factor}

class Model:
    def __init__(self):
        self.params = {{"w": np.array([1.0, 2.0]), "b": np.array([0.5])}}
    def loss(self):
        print("printed by the loss")
        w, b = self.params["w"], self.params["b"]
        return float(np.sum(np.exp(w)) + b[0] ** 2), {{"w": FACTOR * np.exp(w), "b": 2 * b}}

def make():
    print("printed by the factory")
    return Model()

def noisy():
    rng = np.random.default_rng(0)
    return (lambda x: float(x @ x) + rng.normal() * 1e3, lambda x: 2 * x, np.ones(3))

def raising():
    raise LookupError("in the factory")

def bad_loss():
    def loss(x):
        raise LookupError("in the loss")
    return loss, lambda x: x, np.ones(3)

def bad_gradient():
    def gradient(x):
        return helper(x)
    return (lambda x: float(x @ x)), gradient, np.ones(3)

def helper(x):
    raise LookupError("in the gradient")

def integers():
    return (lambda x: float(x @ x)), (lambda x: 2 * x), np.arange(3)

def exits():
    sys.exit(0)

def loss_exits():
    return (lambda x: sys.exit(0)), (lambda x: 2 * x), np.ones(3)

def interrupted():
    raise KeyboardInterrupt

number = 3
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "right_case.py").write_text(SOURCE.format(factor=1.0))
    (tmp_path / "wrong_case.py").write_text(SOURCE.format(factor=1.5))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: Any) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def python(*arguments: Any, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gradcheck", *map(str, arguments)]
    variables = {**os.environ, **environment}
    return subprocess.run(command, cwd=cwd, env=variables, capture_output=True, check=False, encoding="utf-8")


@pytest.mark.parametrize(
    ("target", "status", "word"),
    [
        ("right_case.py:Model", 0, "PASS"),
        ("right_case.py:make", 0, "PASS"),
        ("wrong_case.py:make", 1, "FAIL"),
        ("right_case:make", 0, "PASS"),
        ("gradcheck.app.examples.xor:question", 0, "PASS"),
        ("gradcheck.app.examples.xor:answer", 1, "FAIL"),
    ],
)
def test_exit_status_tells_the_verdict(folder: Path, target: str, status: int, word: str) -> None:
    result = run("check", target, "--seed", 0)
    assert result.exit_code == status
    assert result.stdout.startswith(word)
    assert "printed" not in result.stdout


def test_undecided_has_a_status_of_its_own(folder: Path) -> None:
    result = run("check", "right_case.py:noisy", "--seed", 0)
    assert result.exit_code == 3
    assert result.stdout.startswith("UNDECIDED")


CANNOT_RUN: list[tuple[str, str]] = [
    ("right_case.py", "has no loop"),
    ("right_cas.py:make", "did you mean right_case.py?"),
    ("right_case.py:maek", "did you mean make?"),
    ("no_such_module:make", "there is no module 'no_such_module'"),
    ("right_case.py:number", "cannot check an object of type int"),
    ("right_case.py:helper", "takes arguments"),
    ("right_case.py:raising", "LookupError: in the factory"),
    ("right_case.py:bad_loss", "LookupError: in the loss"),
    ("right_case.py:bad_gradient", "LookupError: in the gradient"),
    ("right_case.py:integers", "x0 has dtype int64"),
    ("right_case.py:interrupted", "interrupted"),
    ("right_case.py:exits", "exit"),
    ("right_case.py:loss_exits", "exit"),
]


@pytest.mark.parametrize(("target", "message"), CANNOT_RUN)
def test_check_that_cannot_run_has_status_two_and_says_why(folder: Path, target: str, message: str) -> None:
    result = run("check", target, "--format", "json")
    assert result.exit_code == 2
    found = json.loads(result.stdout)
    assert (found["verdict"], found["target"]) == ("error", target)
    assert message in found["error"]
    jsonschema.validate(found, schema())
    assert message in result.stderr
    assert "gradcheck: " in result.stderr


@pytest.mark.parametrize("target", ["right_case.py:raising", "right_case.py:bad_loss", "right_case.py:bad_gradient"])
def test_traceback_shows_the_user_and_none_of_gradcheck(folder: Path, target: str) -> None:
    error = run("check", target).stderr
    assert "Traceback (most recent call last)" in error
    assert "right_case.py" in error
    assert str(Path(gradcheck.__file__).parent) not in error
    assert "importlib" not in error


@pytest.mark.parametrize("form", ["broken_case.py", "broken_case"])
@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def f():\n    return 1 / 0\nf()\n", "ZeroDivisionError"),
        ("import no_such_library\n", "No module named 'no_such_library'"),
        ("def f(:\n", "SyntaxError"),
        ("import sys\nsys.exit(0)\n", "__main__"),
        ("raise KeyboardInterrupt\n", "interrupted"),
    ],
)
def test_module_that_cannot_be_imported(folder: Path, form: str, source: str, message: str) -> None:
    (folder / "broken_case.py").write_text(source)
    sys.modules.pop("broken_case", None)
    result = run("check", f"{form}:model")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert message in result.stderr
    assert str(Path(gradcheck.__file__).parent) not in result.stderr


@pytest.mark.parametrize(("name", "status"), [("right_case.py", 0), ("wrong_case.py", 1)])
def test_json_is_not_spoiled_by_what_the_user_prints(folder: Path, name: str, status: int) -> None:
    result = run("check", f"{name}:make", "--format", "json", "--seed", 4)
    report = json.loads(result.stdout)
    assert result.exit_code == status
    assert report["verdict"] == ("fail" if status else "pass")
    assert report["seed"] == 4
    for printed in ("on import", "by the factory", "by the loss"):
        assert f"printed {printed}" in result.stderr


def test_output_goes_to_a_file(folder: Path) -> None:
    for form in ("text", "json"):
        result = run("check", "wrong_case.py:make", "--format", form, "--output", f"report.{form}", "--seed", 0)
        assert result.exit_code == 1
        assert result.stdout == ""
    assert json.loads((folder / "report.json").read_text(encoding="utf-8"))["verdict"] == "fail"
    assert (folder / "report.text").read_text(encoding="utf-8").startswith("FAIL")


def test_output_that_cannot_be_written_is_named(folder: Path) -> None:
    result = run("check", "right_case.py:make", "--output", "no/such/folder.txt")
    assert result.exit_code == 2
    assert "--output no/such/folder.txt: No such file or directory" in result.stderr


def test_options_reach_the_check(folder: Path) -> None:
    def read(*options: Any) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(run("check", "wrong_case.py:make", "--format", "json", *options).stdout)
        return found

    assert read("--rtol", "0.9")["verdict"] == "pass"
    assert read("--rtol", "1e-3")["rtol"] == 1e-3
    assert [entry["index"] for entry in read("--entries")["blocks"][0]["entries"]] == [[0], [1]]
    assert read("--method", "textbook")["method"] == "textbook"
    first, second = (read("--seed", 7) for _ in range(2))
    assert {**first, "seconds": 0} == {**second, "seconds": 0}
    assert read()["seed"] != read()["seed"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--rtol", "2"), "rtol is 2.0"),
        (("--rtol", "small"), "--rtol"),
        (("--budget", "3"), "budget is 3"),
        (("--seed", "-1"), "--seed"),
        (("--workers", "2"), "workers=2: Model is checked in place"),
        (("--method", "fast"), "--method"),
        (("--format", "xml"), "--format"),
        (("--no-such-option",), "--no-such-option"),
    ],
)
def test_bad_option_is_named(folder: Path, options: tuple[str, ...], message: str) -> None:
    result = run("check", "right_case.py:make", *options)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert message in result.stderr


def test_help_states_the_exit_statuses() -> None:
    text = " ".join(run("--help").stdout.split())
    assert "0 all pass, 1 a gradient is wrong, 2 a check could not run, 3 undecided, 70 a fault" in text
    assert gradcheck.__version__ in run("--version").stdout


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}, {"TERM": "xterm-256color"}])
@pytest.mark.parametrize(("target", "status"), [("right_case.py:make", 0), ("wrong_case.py:make", 1)])
def test_process_without_terminal_gets_plain_text(
    folder: Path, target: str, status: int, environment: dict[str, str]
) -> None:
    done = python("check", target, cwd=folder, **environment)
    assert done.returncode == status
    assert "\x1b" not in done.stdout + done.stderr
    assert done.stdout.startswith("FAIL" if status else "PASS")


def test_process_prints_json_alone(folder: Path) -> None:
    done = python("check", "wrong_case.py:make", "--format", "json", cwd=folder)
    assert done.returncode == 1
    assert json.loads(done.stdout)["target"] == "Model"


def test_process_shows_the_traceback_of_the_user(folder: Path) -> None:
    done = python("check", "right_case.py:bad_gradient", cwd=folder)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "in helper" in done.stderr
    assert str(Path(gradcheck.__file__).parent) not in done.stderr


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("stem", ["json", "difflib", "rich"])
def test_process_checks_a_file_named_like_a_library(folder: Path, stem: str, form: str) -> None:
    inner = folder / "inner"
    inner.mkdir()
    (inner / f"{stem}.py").write_text(SOURCE.format(factor=1.0))
    done = python("check", f"inner/{stem}.py:make", "--format", form, cwd=folder)
    assert done.returncode == 0, done.stderr


def test_process_survives_an_encoding_without_the_signs(folder: Path) -> None:
    done = python("check", "right_case.py:make", cwd=folder, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "PASS" in done.stdout
