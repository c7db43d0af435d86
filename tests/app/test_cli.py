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
    for name in ("GITHUB_ACTIONS", "COLUMNS", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
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
    assert result.stdout.startswith(f"{word}  {target} ")
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
    assert any("Taylor test" in note for note in read("--method", "taylor")["notes"])
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
        (("--method", "complex"), "method='complex' is for a function with its gradient"),
        (("--method", "textbook", "--rtol", "1e-3"), "rtol is not for method='textbook'"),
        (("--format", "xml"), "--format"),
        (("--no-such-option",), "--no-such-option"),
    ],
)
def test_bad_option_is_named(folder: Path, options: tuple[str, ...], message: str) -> None:
    result = run("check", "right_case.py:make", *options)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert message in result.stderr


def test_a_tolerance_of_the_file_does_not_keep_a_method_from_being_used(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.gradcheck]\nrtol = 1e-3\nworkers = 1\n")
    assert run("check", "right_case.py:make", "--method", "textbook").exit_code == 0
    assert "rtol is not for" in run("check", "right_case.py:make", "--method", "textbook", "--rtol", "1e-3").stderr


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
    assert json.loads(done.stdout)["target"] == "wrong_case.py:make"


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


SCRIPT = """
import numpy as np
w = np.ones(3)
for i in range(9):
    loss = (w**2).sum()
    dw = {} * w
    w -= 0.1 * dw
"""


@pytest.fixture
def homework(folder: Path) -> Path:
    """A folder of three programs, of which one is wrong and one cannot run."""
    (folder / "hw").mkdir()
    for name, text in (("ann", SCRIPT.format(2)), ("ben", SCRIPT.format(3)), ("eve", "import no_such_library\n")):
        (folder / "hw" / f"{name}.py").write_text(text)
    return folder


def test_several_targets_are_checked_and_the_gravest_status_counts(homework: Path) -> None:
    result = run("check", "hw", "right_case.py:make", "--seed", 0)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == "4 targets: 1 fail, 1 error, 2 pass"


def test_a_second_file_is_a_target_and_not_an_argument(homework: Path) -> None:
    result = run("check", "hw/ann.py", "hw/ben.py", "--format", "json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    jsonschema.validate(found, schema())
    assert [(each["target"], each["verdict"]) for each in found["targets"]] == [
        ("hw/ann.py", "pass"),
        ("hw/ben.py", "fail"),
    ]


def test_arguments_of_a_script_follow_two_dashes(folder: Path) -> None:
    (folder / "train.py").write_text("import sys\nassert sys.argv[1:] == ['--rate', 'x']\n" + SCRIPT.format(2))
    assert run("check", "train.py", "--seed", 1, "--", "--rate", "x").exit_code == 0
    assert run("check", "train.py", "x").exit_code == 2
    result = run("check", "right_case.py:make", "--", "x")
    assert result.exit_code == 2
    assert "none of the targets is one" in result.stderr


@pytest.mark.parametrize("form", ["concise", "gitlab", "sarif", "junit", "csv", "html", "github"])
def test_formats_go_to_standard_output_or_a_file_alone(homework: Path, form: str) -> None:
    result = run("check", "hw/ben.py", "--format", form, "--seed", 1)
    assert result.exit_code == 1
    assert "ben.py" in result.stdout
    again = run("check", "hw/ben.py", "--format", form, "--output", "report", "--seed", 1)
    assert (again.exit_code, again.stdout) == (1, "")
    assert "GC102" in (homework / "report").read_text(encoding="utf-8")


def test_only_wrong_leaves_out_what_passes(homework: Path) -> None:
    result = run("check", "hw", "--only-wrong", "--format", "csv")
    assert [line.split(",")[:2] for line in result.stdout.splitlines()[1:]] == [
        [os.path.join("hw", "ben.py"), "fail"],
        [os.path.join("hw", "eve.py"), "error"],
    ]
    assert run("check", "hw/ann.py", "--only-wrong").stdout == "pass: hw/ann.py\n"


def test_a_time_limit_is_a_row(folder: Path) -> None:
    (folder / "endless.py").write_text("import time\ntime.sleep(600)\n" + SCRIPT.format(2))
    result = run("check", "endless.py", "--timeout", 2, "--format", "json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["error"] == "the check took more than 2 s (--timeout 2)"


def test_annotations_come_beside_the_text_under_github_actions(homework: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    result = run("check", "hw/ben.py", "--seed", 1)
    assert result.stdout.startswith("FAIL")
    assert result.stdout.splitlines()[-1].startswith("::error file=")
    assert "::error" not in run("check", "hw/ann.py").stdout
    assert "::error" not in run("check", "hw/ben.py", "--format", "json").stdout


def test_a_diff_is_shown_and_a_fix_is_written(folder: Path) -> None:
    path = folder / "train.py"
    path.write_text(SCRIPT.format("2 * w") + "    # größe\n", encoding="utf-8")
    result = run("check", "train.py", "--diff", "--seed", 1)
    assert result.exit_code == 1
    assert "+++ b/train.py" in result.stdout
    assert "2 * w * w" in path.read_text(encoding="utf-8")
    result = run("check", "train.py", "--fix", "--seed", 1)
    assert result.exit_code == 0
    assert "+++ b/train.py" in result.stdout
    assert "repaired, and checked again: pass" in result.stderr
    assert run("check", "train.py").exit_code == 0


def test_options_stand_in_pyproject(homework: Path) -> None:
    (homework / "pyproject.toml").write_text('[tool.gradcheck]\nformat = "concise"\n')
    assert run("check", "hw/ben.py", "--seed", 1).stdout.startswith("hw/ben.py:")
    assert run("check", "hw/ben.py", "--seed", 1, "--format", "text").stdout.startswith("FAIL")
    (homework / "pyproject.toml").write_text("[tool.gradcheck]\nseeds = 1\n")
    result = run("check", "hw/ben.py")
    assert result.exit_code == 2
    assert "did you mean seed?" in result.stderr


def test_a_fault_of_gradcheck_has_a_status_and_a_line_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: Any, **options: Any) -> None:
        raise AssertionError("impossible")

    broken.__code__ = broken.__code__.replace(co_filename=gradcheck.check_gradients.__code__.co_filename)
    monkeypatch.setattr("gradcheck.checks.gradients.check_subject", broken)
    result = run("check", "right_case.py:make")
    assert result.exit_code == 70
    *printed, line = result.stderr.splitlines()
    assert all(text.startswith("printed") for text in printed)
    assert "please report this line: AssertionError: impossible at gradcheck/checks/gradients.py:" in line
    monkeypatch.setattr("gradcheck.app.cli.formatted", broken)
    assert run("check", "wrong_case.py:make").exit_code == 70


def test_what_is_typed_to_repeat_a_check(folder: Path) -> None:
    first = run("check", "wrong_case.py:make")
    seed = first.stdout.split("reproduce with --seed ")[1].split()[0]
    second = run("check", "wrong_case.py:make", "--seed", seed)
    assert [line for line in second.stdout.splitlines() if " s; " not in line] == [
        line for line in first.stdout.splitlines() if " s; " not in line
    ]


@pytest.mark.parametrize("command", [["check"], ["doctor"], ["demo"], ["pairs"], ["explain"], []])
def test_help_is_ascii_and_whole(command: list[str]) -> None:
    text = run(*command, "--help").stdout
    assert text.isascii()
    assert "..." not in text.replace("TARGET...", "").replace("ARGUMENTS...", "").replace("[ARGS]...", "")
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_the_list_of_mistakes_fits_the_width(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = run("explain").stdout.splitlines()
    assert max(map(len, lines)) <= columns
    assert sum(line.startswith(("GC", "GT")) for line in lines) > 40


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "latin-1", "utf-8"])
@pytest.mark.parametrize(("target", "status"), [("right_case.py:make", 0), ("wrong_case.py:make", 1)])
def test_process_keeps_its_status_in_every_encoding(folder: Path, encoding: str, target: str, status: int) -> None:
    command = [sys.executable, "-m", "gradcheck", "check", target]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONIOENCODING": encoding}, capture_output=True, check=False
    )
    assert done.returncode == status, done.stderr
    assert done.stdout.decode(encoding).startswith("FAIL" if status else "PASS")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("check right_case.py:make >/dev/full", 2),
        ("check wrong_case.py:make >/dev/full", 1),
        ("check right_case.py:make >&-", 0),
        ("check right_case.py:make >&- 2>&-", 0),
        ("check wrong_case.py:make 2>/dev/full", 1),
        ("check right_case.py:make 2>/dev/full", 0),
        ("explain >/dev/full", 2),
        ("--help >/dev/full", 2),
    ],
)
def test_process_keeps_its_status_if_outputs_are_full_or_closed(folder: Path, words: str, status: int) -> None:
    done = subprocess.run(
        f'"{sys.executable}" -m gradcheck {words}', shell=True, cwd=folder, capture_output=True, check=False
    )
    assert done.returncode == status, done.stderr


@pytest.mark.parametrize(("words", "status"), [(["check", "wrong_case.py:make"], 1), (["--help"], 0)])
def test_process_keeps_its_status_if_the_reader_goes(folder: Path, words: list[str], status: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "gradcheck", *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(60) == status
    assert process.stderr is not None
    with process.stderr as stream:
        assert b"Traceback" not in stream.read()


def test_help_loads_neither_numpy_nor_rich() -> None:
    code = "import sys; from gradcheck.app.cli import main\ntry: main(['check', '--help'])\nexcept SystemExit: pass\n"
    code += (
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'numpy', 'rich', 'scipy', 'jinja2', 'optree'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_process_ends_though_the_program_has_left_a_thread(folder: Path) -> None:
    (folder / "thread.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n" + SCRIPT.format(2)
    )
    command = [sys.executable, "-m", "gradcheck", "check", "thread.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=120, encoding="utf-8")
    assert done.returncode == 0
    assert done.stdout.startswith("PASS")
    assert "reproduce with --seed" in done.stdout


@pytest.mark.parametrize("colour", ["", "1"])
def test_a_first_answer_loads_what_it_needs_and_no_more(folder: Path, colour: str) -> None:
    (folder / "sum_case.py").write_text(
        "import numpy as np\n\ndef make():\n    return (lambda x: float(x @ x)), (lambda x: 2 * x), np.ones(3)\n"
    )
    script = (
        "import sys; sys.argv = ['gradcheck', 'check', 'sum_case.py:make']\n"
        "from gradcheck.app.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: print(end.code, file=sys.stderr)\n"
        "heavy = {'rich', 'optree', 'scipy', 'autograd', 'json', 'tomllib', 'matplotlib', 'jinja2', 'numpy.ma'}\n"
        "own = ('scripts', 'training', 'testing', 'nn', 'recording', 'subjects.maps')\n"
        "print(sorted((heavy | {f'gradcheck.{name}' for name in own}) & set(sys.modules)), file=sys.stderr)"
    )
    environment = {**os.environ, "FORCE_COLOR": colour, "PYTHONPATH": str(Path(gradcheck.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8", env=environment)
    assert done.stderr.split("\n")[-3:] == ["0", "[]", ""]
    assert ("\x1b[1;32mPASS" in done.stdout) == bool(colour)


def test_the_doctor_writes_text_that_fits_a_page_of_html_and_json(folder: Path) -> None:
    pytest.importorskip("matplotlib")
    Path("stuck_case.py").write_text(
        "import numpy as np\n\ndef make():\n    return (lambda x: float(x @ x)), (lambda x: 2 * x), np.ones(3)\n"
    )
    words = ("doctor", "stuck_case.py:make", "--step", "1e-7", "--budget", "0", "--seed", 1)
    text = run(*words)
    assert text.exit_code == 0
    assert "GT106 step-too-small" in text.stdout
    assert all(len(line) <= 110 for line in text.stdout.splitlines())
    page = run(*words, "--format", "html")
    assert page.exit_code == 0
    assert page.stdout.startswith("<!DOCTYPE html>")
    assert 'aria-label="The loss along the gradient' in page.stdout
    assert "reproduce with --seed 1" in page.stdout
    assert json.loads(run(*words, "--format", "json").stdout)["findings"][0]["code"] == "GT106"


@pytest.mark.parametrize("command", ["check", "doctor"])
def test_nothing_is_checked_for_a_page_that_cannot_be_written(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "train.py").write_text("open('was_run', 'w').close()\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    run(command, "train.py")
    assert (tmp_path / "was_run").exists()
    (tmp_path / "was_run").unlink()
    monkeypatch.setitem(sys.modules, "jinja2", None)
    result = run(command, "train.py", "--format", "html")
    assert result.exit_code == 2
    assert "pip install 'gradcheck[html]'" in result.stderr
    assert not (tmp_path / "was_run").exists()
