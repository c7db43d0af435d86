"""Programs that cannot be checked get a clear message, and nothing of the interpreter stays changed."""

from __future__ import annotations

import gc
import io
import json
import os
import random
import subprocess
import sys
import traceback
from pathlib import Path

import numpy as np
import pytest

from gradcheck.errors import GradcheckError, SubjectError, TargetError
from gradcheck.scripts.hints import Hints
from gradcheck.scripts.program import check_program
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import checked

HEAD = "import numpy as np\nx = np.linspace(-1, 1, 7)\ny = 3 * x\nw = np.array([0.5])\n"
STEP = (
    "for i in range(10**9):\n    r = w * x - y\n    loss = np.mean(r**2)\n"
    "    dw = 2 * np.mean(r * x)\n    w = w - 0.1 * dw\n"
)


def program(folder: Path, text: str) -> Path:
    path = folder / "train.py"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import numpy as np\nw = = 1\n", "line 2"),
        ("import numpy as np\nw = np.ones(3)\n", "has no loop"),
        (HEAD + "for i in range(9):\n    z = np.tanh(w)\n", "changes parameters"),
        (HEAD + "for i in range(9):\n    dw = np.mean(np.exp(w * x - y) * x**3)\n    w = w - 0.1 * dw\n", "--loss"),
        (HEAD + "import sys\nsys.exit(3)\n" + STEP, "exit"),
        (HEAD + "n = int(input())\n" + STEP, "standard input"),
        (
            HEAD + "def train():\n" + "\n".join("    " + line for line in STEP.split("\n")),
            "ended before its training loop",
        ),
    ],
)
def test_the_message_says_what_is_missing(
    tmp_path: Path, text: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(GradcheckError, match=message):
        check_program(program(tmp_path, text))


def test_the_users_own_error_is_passed_on(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        check_program(program(tmp_path, HEAD + "1 / 0\n" + STEP))
    with pytest.raises(KeyError, match="nothing"):
        check_program(program(tmp_path, HEAD + STEP.replace("    loss", "    {}['nothing']\n    loss")))


@pytest.mark.parametrize(
    ("hints", "message"),
    [
        (Hints(pairs=(("w", "nope"),)), "--pair w=nope: no value of the training step has the name nope"),
        (Hints(pairs=(("w", "dww"),)), r"did you mean dw\?"),
        (Hints(pairs=(("w", "x"),)), r"has the name x and as many entries as w \(1\)"),
        (Hints(pairs=(("v", "dw"),)), "v is no parameter of the training step; the parameters are w"),
        (Hints(loss="los"), r"the training step has no variable 'los'; did you mean loss\?"),
        (Hints(loss="np.mean(zzz)"), "the training step has no variable 'zzz'$"),
    ],
)
def test_a_name_that_the_program_does_not_know_is_refused(tmp_path: Path, hints: Hints, message: str) -> None:
    with pytest.raises(GradcheckError, match=message):
        check_program(program(tmp_path, HEAD + STEP), hints=hints)


def test_a_given_loss_that_raises_is_not_blamed_on_a_line_of_the_program(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="matmul") as error:
        check_program(program(tmp_path, HEAD + STEP), hints=Hints(loss="x @ np.ones(5)"))
    place = traceback.extract_tb(error.tb)[-1]
    assert (place.name, place.line) == ("_gradcheck_step_", "for i in range(10**9):")


def test_a_right_program_passes_with_its_own_names_as_hints(tmp_path: Path) -> None:
    for hints in (Hints(pairs=(("w", "dw"),)), Hints(loss="loss"), Hints(loss="np.mean((w * x - y)**2)")):
        assert check_program(program(tmp_path, HEAD + STEP), hints=hints).verdict.value == "pass"


def test_a_loss_may_be_given(tmp_path: Path) -> None:
    text = HEAD + "for i in range(9):\n    dw = 2 * np.mean((w * x - y) * x)\n    w = w - 0.1 * dw\n"
    path = program(tmp_path, text)
    assert check_program(path, hints=Hints(loss="np.mean((w * x - y)**2)")).verdict.value == "pass"
    assert check_program(path, hints=Hints(loss="np.mean((w * x - y)**4)")).verdict.value == "fail"
    text = text.replace("    dw =", "    q = np.sum(w**2)\n    p = np.mean((w * x - y) ** 2)\n    dw =")
    assert check_program(program(tmp_path, text), hints=Hints(loss="p")).verdict.value == "pass"
    with pytest.raises(TargetError, match="not a Python expression"):
        check_program(path, hints=Hints(loss="np.mean("))


def test_a_function_may_be_named(tmp_path: Path) -> None:
    text = (
        "import numpy as np\n"
        "def loss_and_grad(w, x, y):\n    r = x @ w - y\n    loss = np.mean(r**2)\n"
        "    dw = 2 * x.T @ r / len(y)\n    return loss, dw\n"
        "rng = np.random.default_rng(0)\n"
        "loss_and_grad(rng.normal(size=3), rng.normal(size=(8, 3)), rng.normal(size=8))\n"
    )
    path = program(tmp_path, text)
    assert check_program(path, hints=Hints(function="loss_and_grad")).verdict.value == "pass"
    path = program(tmp_path, text.replace("2 * x.T", "x.T"))
    report = check_program(path, hints=Hints(function="loss_and_grad"))
    assert (report.verdict.value, report.findings[0].line) == ("fail", 5)
    with pytest.raises(TargetError, match="did you mean loss_and_grad"):
        check_program(path, hints=Hints(function="loss_and_grads"))


def test_the_state_of_the_interpreter_is_put_back(tmp_path: Path) -> None:
    before = (Path.cwd(), list(sys.argv), list(sys.path), np.geterr(), dict(os.environ), random.getstate())
    state = str(np.random.get_state())  # noqa: NPY002
    text = (
        HEAD
        + "import os\nos.chdir('/')\nos.environ['A_B_C'] = '1'\nnp.random.seed(1)\n"
        + "import random\nrandom.seed(1)\nnp.seterr(all='raise')\n"
        + STEP
    )
    assert check_program(program(tmp_path, text)).verdict.value == "pass"
    assert before == (Path.cwd(), list(sys.argv), list(sys.path), np.geterr(), dict(os.environ), random.getstate())
    assert state == str(np.random.get_state())  # noqa: NPY002


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # the program leaves it open
def test_a_replay_does_not_print_ask_wait_or_write(tmp_path: Path) -> None:
    inside = (
        "    print(loss)\n    input('go on?')\n    import time; time.sleep(100)\n    open('log.txt', 'w').write('x')\n"
    )
    report = check_program(program(tmp_path, HEAD + STEP + inside))
    assert report.verdict.value == "pass"
    assert not (tmp_path / "log.txt").exists()
    assert not Path("log.txt").exists()
    gc.collect()


def test_a_notebook_is_checked_with_cell_and_line(tmp_path: Path) -> None:
    cells = ["%matplotlib inline\n" + HEAD, "!ls\n" + STEP.replace("2 * np", "-2 * np")]
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {"cell_type": "code", "source": cell, "metadata": {}, "outputs": [], "execution_count": None, "id": str(i)}
            for i, cell in enumerate(cells)
        ],
    }
    path = tmp_path / "train.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    report = check_program(path)
    finding = report.findings[0]
    assert (finding.slug, finding.line) == ("sign-flipped", 5)
    assert finding.file == f"{path}, cell 2"


def test_the_cell_magic_uses_the_notebooks_variables_and_does_not_change_them() -> None:
    from gradcheck.app.magic import load_ipython_extension

    class Shell:
        def __init__(self) -> None:
            self.user_ns = {"np": np, "x": np.linspace(-1, 1, 7), "y": np.ones(7), "w": np.array([0.5])}
            self.input_transformers_cleanup: list[object] = []

        def register_magic_function(self, function: object, kind: str, name: str) -> None:
            assert (kind, name) == ("cell", "gradcheck")
            self.magic = function

    shell = Shell()
    load_ipython_extension(shell)
    report = shell.magic("--seed 1", STEP)  # type: ignore[operator]
    assert report.verdict.value == "pass"
    assert shell.user_ns["w"] == [0.5]


def test_the_command_line(tmp_path: Path) -> None:
    path = program(tmp_path, HEAD + "import sys\nassert sys.argv[1:] == ['--epochs', '3']\n" + STEP)
    command = [
        sys.executable,
        "-m",
        "gradcheck",
        "check",
        str(path),
        "--format",
        "json",
        "--seed",
        "0",
        "--",
        "--epochs",
        "3",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["verdict"] == "pass"
    assert [line["target"] for line in report["lines"]] == ["dw"]


def test_modules_in_the_folder_of_the_script_are_traced(tmp_path: Path) -> None:
    (tmp_path / "layers.py").write_text(
        "import numpy as np\ndef backward(r, x):\n    return -2 * np.mean(r * x)\n", encoding="utf-8"
    )
    text = "from layers import backward\n" + HEAD + STEP.replace("2 * np.mean(r * x)", "backward(r, x)")
    report = check_program(program(tmp_path, text))
    assert report.verdict.value == "fail"
    assert report.findings[0].file == str(tmp_path / "layers.py")
    assert report.findings[0].line == 3
    assert "layers" not in sys.modules


def test_parameters_of_integers_are_reported(tmp_path: Path) -> None:
    text = HEAD.replace("np.array([0.5])", "np.array([1])") + STEP.replace(
        "w = w - 0.1 * dw", "w = w - np.round(dw).astype(int)"
    )
    with pytest.raises(SubjectError, match=r"integers|updates no parameters"):
        check_program(program(tmp_path, text))


def deep(layers: int) -> str:
    """A program of some layers, with the right gradient."""
    lines = ["import numpy as np", "rng = np.random.default_rng(0)", "x, y = rng.standard_normal((2, 6, 4))"]
    lines += [f"W{k} = 0.5 * rng.standard_normal((4, 4))" for k in range(layers)]
    lines += ["for step in range(10):", "    a0 = x"]
    lines += [f"    t{k} = np.tanh(a{k} @ W{k})\n    a{k + 1} = a{k} + 0.2 * t{k}" for k in range(layers)]
    lines += [f"    loss = np.mean((a{layers} - y) ** 2)", f"    d{layers} = 2 * (a{layers} - y) / y.size"]
    for k in range(layers - 1, -1, -1):
        lines += [f"    dz{k} = 0.2 * d{k + 1} * (1 - t{k}**2)", f"    dW{k} = a{k}.T @ dz{k}"]
        lines += [f"    d{k} = d{k + 1} + dz{k} @ W{k}.T"]
    lines += [f"    W{k} -= 0.01 * dW{k}" for k in range(layers)]
    return "\n".join(lines) + "\n"


def test_the_number_of_replays_does_not_grow_with_the_length_of_a_program(tmp_path: Path) -> None:
    short, long = checked(tmp_path, deep(3)), checked(tmp_path, deep(15))
    assert short.verdict is long.verdict is Verdict.PASS
    assert len(long.lines) >= 4 * len(short.lines)
    assert long.evaluations <= short.evaluations + 4
