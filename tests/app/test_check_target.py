"""One target: whatever happens is its outcome."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gradcheck.app.check_target import Choices, check_target
from gradcheck.app.targets import Target
from gradcheck.reports.data import ReportData
from gradcheck.reports.json import plain

#: A script whose gradient is right with a factor of two.
SCRIPT = """
import numpy as np
w = np.ones(3)
for i in range(9):
    loss = (w**2).sum()
    dw = {} * w
    w -= 0.1 * dw
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "right.py").write_text(SCRIPT.format(2))
    (tmp_path / "raises.py").write_text("x = 1\n1 / 0\nfor i in range(3):\n    x -= 0.1 * x\n")
    (tmp_path / "objects.py").write_text(
        "import numpy as np\n\n\ndef right():\n    return (lambda x: float(x @ x)), (lambda x: 2 * x), np.ones(3)\n"
    )
    monkeypatch.chdir(tmp_path)


def test_a_script_and_a_name_are_checked() -> None:
    for text, line in (("right.py", 1), ("objects.py:right", 4)):
        outcome = check_target(Target(text), Choices(seed=3))
        assert outcome.passes
        assert outcome.report is not None
        assert outcome.report.seed == 3
        assert (outcome.target, outcome.file, outcome.line) == (text, text.partition(":")[0], line)


PROBLEM = """
import numpy as np

FACTOR = {}


def hess(x):
    return FACTOR * np.array([[2.0, x[1]], [x[1], x[0]]])


problem = {{
    "fun": lambda x: x[0] ** 2 + x[0] * x[1] ** 2 / 2,
    "x0": np.array([1.2, 0.7]),
    "jac": lambda x: np.array([2 * x[0] + x[1] ** 2 / 2, x[0] * x[1]]),
    "hess": hess,
}}


def hessian():
    return problem["fun"], problem["jac"], hess, problem["x0"]
"""


@pytest.mark.parametrize(("name", "block"), [("problem", "hess: x"), ("hessian", "x")])
def test_problems_and_hessians_are_checked(name: str, block: str) -> None:
    for factor, verdict in ((1.0, "pass"), (2.0, "fail")):
        Path("described.py").write_text(PROBLEM.format(factor))
        outcome = check_target(Target(f"described.py:{name}"), Choices(seed=3, budget=700))
        assert outcome.report is not None
        assert (outcome.verdict, outcome.report.seed) == (verdict, 3)
        data = validated(outcome.report)
        assert {each["name"]: each["verdict"] for each in data["blocks"]}[block] == verdict
        assert [finding["where"] for finding in data["findings"]] == ([block] if verdict == "fail" else [])
    outcome = check_target(Target(f"described.py:{name}"), Choices(method="textbook"))
    kind = name if name == "problem" else "hessian"
    assert f"--method textbook is for the gradient of a number, and described.py:{name} is for check_{kind}" in (
        outcome.error
    )


#: Targets of every kind, by name, with what their reports are about. `scale` is the mistake.
KINDS = """
import numpy as np
from scipy.sparse.linalg import LinearOperator

scale = {}
A = np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.25]])
x0 = np.array([0.3, -0.4])

def gradient():
    return (lambda x: np.sum(np.tanh(A @ x))), (lambda x: scale * A.T @ (1 - np.tanh(A @ x) ** 2)), x0

def jacobian():
    return (lambda x: np.tanh(A @ x)), (lambda x: scale * (1 - np.tanh(A @ x) ** 2)[:, None] * A), x0

product = {{
    "fun": lambda x: np.tanh(A @ x),
    "vjp": lambda x, u: scale * A.T @ (u * (1 - np.tanh(A @ x) ** 2)),
    "x0": x0,
}}

adjoint = LinearOperator((3, 2), matvec=lambda x: A @ x, rmatvec=lambda y: scale * A.T @ y, dtype=float)

def hessian():
    value, slope, _ = gradient()
    def curvature(x):
        t = np.tanh(A @ x)
        return scale * A.T @ np.diag(-2 * t * (1 - t**2)) @ A
    return value, (lambda x: slope(x) / scale), curvature, x0

problem = {{"fun": gradient()[0], "jac": gradient()[1], "x0": x0}}

class Model:
    def __init__(self):
        self.params = {{"w": x0.copy()}}
    def loss(self):
        value, slope, _ = gradient()
        return float(value(self.params["w"])), {{"w": slope(self.params["w"])}}

model = Model()
"""

NOTES = {"taylor": "Taylor test", "complex": "complex step", "jax": "JAX: "}


@pytest.mark.parametrize("method", ["taylor", "complex", "jax", "gradcheck"])
@pytest.mark.parametrize("kind", ["gradient", "jacobian", "product", "adjoint", "hessian", "problem", "model"])
def test_methods_of_targets_of_every_kind(kind: str, method: str) -> None:
    if method == "jax":
        pytest.importorskip("jax")
    for scale, verdict in ((1.0, "pass"), (1.5, "fail")):
        Path("kinds.py").write_text(KINDS.format(scale))
        outcome = check_target(Target(f"kinds.py:{kind}"), Choices(seed=0, method=method))
        if kind == "model" and method in ("complex", "jax"):
            assert f"method='{method}' is for a function with its gradient" in outcome.error
            assert "use method='taylor' for Model" in outcome.error
            return
        assert outcome.report is not None, outcome.error
        data = validated(outcome.report)
        assert (data["verdict"], data["kind"]) == (verdict, "gradient" if kind == "model" else kind)
        if method != "gradcheck":
            assert any(NOTES[method] in note for note in data["notes"])
    for wrong in ("vector", ""):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**data, "kind": wrong}, schema())


@pytest.mark.parametrize(
    ("kind", "known"), [("gradient", True), ("model", True), ("jacobian", False), ("adjoint", False)]
)
def test_the_method_of_textbooks_is_for_gradients(kind: str, known: bool) -> None:
    Path("kinds.py").write_text(KINDS.format(1.0))
    outcome = check_target(Target(f"kinds.py:{kind}"), Choices(seed=0, method="textbook"))
    if known:
        assert outcome.report is not None
        assert outcome.report.method == "textbook"
    else:
        assert "textbook" in outcome.error
        assert "'complex'" in outcome.error or "complex" in outcome.error


def test_options_of_a_file_are_for_the_targets_that_have_them() -> None:
    Path("kinds.py").write_text(KINDS.format(1.0))
    given = Choices(seed=0, method="textbook", rtol=1e-3)
    assert "rtol is not for method='textbook'" in check_target(Target("kinds.py:gradient"), given).error
    assert (
        "--method textbook cannot be used with scripts: leave it out" in check_target(Target("right.py"), given).error
    )
    in_file = Choices(seed=0, method="textbook", rtol=1e-3, from_file=frozenset({"rtol"}))
    assert check_target(Target("kinds.py:gradient"), in_file).passes
    both = Choices(seed=0, method="textbook", rtol=1e-3, from_file=frozenset({"rtol", "method"}))
    assert "rtol is not for method='textbook'" in check_target(Target("kinds.py:gradient"), both).error
    everywhere = Choices(seed=0, method="taylor", workers=2, from_file=frozenset({"method", "workers"}))
    assert check_target(Target("right.py"), everywhere).passes


def validated(report: ReportData) -> dict[str, Any]:
    """The JSON of a report, as the published schema describes it."""
    data: dict[str, Any] = json.loads(json.dumps(plain(report)))
    jsonschema.validate(data, schema())
    return data


def schema() -> Any:
    return json.loads((Path(__file__).parents[2] / "docs" / "report.schema.json").read_text(encoding="utf-8"))


def test_an_exception_has_its_place() -> None:
    outcome = check_target(Target("raises.py"), Choices())
    assert (outcome.exit_status, outcome.file, outcome.line) == (2, "raises.py", 2)
    assert outcome.summary == "the checked code raised ZeroDivisionError: division by zero"
    assert "Traceback" in outcome.details


@pytest.mark.parametrize(
    ("target", "choices", "message"),
    [
        (Target("gone.py"), Choices(), "there is no file 'gone.py'"),
        (Target("x*", "no file matches 'x*'"), Choices(), "no file matches"),
        (Target("right.py"), Choices(entries=True), "--entries"),
        (Target("right.py"), Choices(rtol=3.0), "rtol is 3"),
    ],
)
def test_what_cannot_be_checked_says_why(target: Target, choices: Choices, message: str) -> None:
    outcome = check_target(target, choices)
    assert (outcome.verdict, outcome.exit_status) == ("error", 2)
    assert message in outcome.error


def test_another_source_is_checked_in_place_of_the_file() -> None:
    outcome = check_target(Target("right.py", source=SCRIPT.format(3)), Choices(seed=0))
    assert outcome.verdict == "fail"
