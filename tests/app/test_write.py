"""The tests that `gradcheck write` writes: they run, pass for right gradients and fail for wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gradcheck.app.cli import main
from gradcheck.app.write import written_test
from tests.app.test_check_target import SCRIPT

MODULE = """
import numpy as np


class Model:
    def __init__(self):
        self.params = {{"w": np.array([1.0, 2.0])}}

    def loss(self):
        w = self.params["w"]
        return float(np.sum(np.exp(w))), {{"w": {factor} * np.exp(w)}}


model = Model()


def fun():
    return (lambda x: float(x @ x)), (lambda x: {factor} * 2 * x), np.ones(3)


problem = dict(fun=lambda x: float(x @ x), x0=np.ones(3), jac=lambda x: {factor} * 2 * x)
gradient = dict(fun=lambda x: float(x @ x), x0=np.ones(3), grad=lambda x: {factor} * 2 * x)


class Problem:
    x0 = np.ones(3)

    def fun(self, x):
        return float(np.sum(x**3))

    def grad(self, x):
        return 3 * x**2

    def hessp(self, x, v):
        return {factor} * 6 * x * v


def hessian():
    return Problem().fun, Problem().grad, (lambda x: {factor} * 6 * np.diag(x)), np.ones(3)


class Operator:
    shape = (2, 3)
    dtype = np.dtype(float)

    def matvec(self, x):
        return np.diff(x)

    def rmatvec(self, y):
        return {factor} * (np.append(0, y) - np.append(y, 0))


operator = Operator()


def jac():
    return np.sin, (lambda x: {factor} * np.diag(np.cos(x))), np.ones(3)
"""

NAMES = ["Model", "model", "fun", "jac", "problem", "Problem", "hessian", "operator", "gradient"]


@pytest.fixture(autouse=True)
def folder(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, factor in (("right", 1), ("wrong", 1.5)):
        Path(f"{name}_case.py").write_text(MODULE.format(factor=factor))
        Path(f"{name}-train.py").write_text(SCRIPT.format(2 * factor))
    for place in ("pack/inner", "elsewhere"):
        Path(place).mkdir(parents=True)
    for place in ("pack", "pack/inner"):
        Path(place, "__init__.py").touch()
    Path("pack/inner/right_in_pack.py").write_text(MODULE.format(factor=1))
    monkeypatch.chdir(pytester.path)


def written(*words: str) -> Result:
    return CliRunner().invoke(main, ["write", *words])


#: Targets, where their tests stand, and a line of each.
WRITTEN = [
    *((f"{case}_case.py:{name}", f"test_{case}_{name}.py", "") for case in ("right", "wrong") for name in NAMES),
    ("right-train.py", None, "'right-train.py'"),
    ("wrong-train.py", None, "'wrong-train.py'"),
    ("right_case.py:Model", "elsewhere/test_right_1.py", "'../right_case.py'"),
    ("right-train.py", "elsewhere/test_right_2.py", "'../right-train.py'"),
    ("pack/inner/right_in_pack.py:Model", "test_right_3.py", "from pack.inner.right_in_pack import Model"),
    ("pack.inner.right_in_pack:Model", "test_right_4.py", "from pack.inner.right_in_pack import Model"),
]


def test_the_tests_pass_or_fail_as_the_gradients_do(pytester: pytest.Pytester) -> None:
    for target, output, line in WRITTEN:
        result = written(target, *(["--output", output] if output else []))
        assert result.exit_code == 0, result.stderr
        path = output or f"test_{target.replace('-', '_')}"
        assert result.stdout == f"{path} is written; run it with: pytest {path}\n"
        assert line in Path(path).read_text()
    lines = pytester.runpytest_subprocess("-v", "-n0", "-p", "no:cacheprovider").outlines
    ended = {line.split("::")[0]: line.split()[1] for line in lines if "::" in line and "%" in line}
    assert len(ended) == len(WRITTEN)
    assert {path for path, outcome in ended.items() if outcome == "PASSED"} == {p for p in ended if "right" in p}


def test_a_file_that_exists_is_kept() -> None:
    Path("test_right_case.py").write_text("mine")
    result = written("right_case.py:Model")
    assert result.exit_code == 2
    assert "exists already" in result.stderr
    assert Path("test_right_case.py").read_text() == "mine"
    result = written("right_case.py:Model", "--output", "-")
    assert (result.exit_code, "def test_the_gradient_of_model():" in result.stdout) == (0, True)


@pytest.mark.parametrize(
    ("target", "message"), [("gone.py", "no file"), ("right_case.py:gone", "has no 'gone'"), (":x", "names nothing")]
)
def test_what_cannot_be_checked_is_not_written(target: str, message: str) -> None:
    result = written(target)
    assert result.exit_code == 2
    assert message in result.stderr
    assert list(Path().glob("test_*.py")) == []


def test_the_file_is_formatted() -> None:
    for target in ("right_case.py:fun", "right-train.py"):
        text = written_test(target, Path("test_it.py"))
        assert text.endswith("\n")
        assert not [line for line in text.splitlines() if line != line.rstrip() or len(line) > 120]
        compile(text, "test_it.py", "exec")
