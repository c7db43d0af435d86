"""`gradcheck.doctor` and the command: forms of the call, options, reproducibility, and rejected arguments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import gradcheck
from gradcheck.app.cli import main
from gradcheck.app.examples.xor import BATCH, QuestionNetwork
from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.nn import SGD
from gradcheck.training.doctor.run import DEFAULT_STEP_BUDGET


def parabola(x: Any) -> float:
    return float(x @ x)


def test_a_wrong_gradient_is_reported_and_the_training_is_not_analysed() -> None:
    report = gradcheck.doctor(parabola, lambda x: 3 * x, np.ones(3), rng=0)
    assert report.verdict.value == "fail"
    assert not report.findings
    assert not report.trials
    assert not report.training_analysed
    assert report.gradient.findings[0].slug == "constant-factor"


def test_the_same_seed_gives_the_same_report() -> None:
    first, second = (
        gradcheck.doctor(QuestionNetwork(), batch=BATCH, steps=1_000_000, rng=5, budget=20, seeds=2) for _ in range(2)
    )
    assert first.findings == second.findings
    assert first.trials == second.trials


def test_parameters_are_restored() -> None:
    model = QuestionNetwork(scale=1.0)
    before = {name: value.copy() for name, value in model.params.items()}
    gradcheck.doctor(model, batch=BATCH, rng=0, budget=20)
    for name, value in before.items():
        np.testing.assert_array_equal(model.params[name], value)


def test_the_users_optimiser_is_copied() -> None:
    optimiser = SGD(0.1)
    gradcheck.doctor(QuestionNetwork(scale=1.0), batch=BATCH, optimiser=optimiser, rng=0, budget=0)
    assert optimiser.steps == 0


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"step": 0.0}, SubjectError, "step is 0.0"),
        ({"step": "0.1"}, SubjectTypeError, "step is '0.1'"),
        ({"steps": 0}, SubjectError, "steps is 0"),
        ({"budget": -1}, SubjectError, "budget is -1"),
        ({"budget": True}, SubjectError, "budget is True"),
        ({"seeds": 0}, SubjectError, "seeds is 0"),
        ({"optimiser": "adam"}, SubjectTypeError, "step\\(params, grads\\)"),
    ],
)
def test_bad_options_are_named(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        gradcheck.doctor(parabola, lambda x: 2 * x, np.ones(3), **options)


def test_the_step_budget_is_the_callers_or_ten_thousand() -> None:
    given = gradcheck.doctor(parabola, lambda x: 2 * x, np.ones(3), steps=3, rng=0, budget=0)
    assert (given.planned, given.walked) == (3, 3)
    default = gradcheck.doctor(parabola, lambda x: 2 * x, np.ones(3), rng=0, budget=0)
    assert default.planned == DEFAULT_STEP_BUDGET == 10_000


def test_progress_never_exceeds_the_total() -> None:
    calls: list[tuple[int, int, str]] = []
    gradcheck.doctor(
        QuestionNetwork(), batch=BATCH, rng=0, budget=20, seeds=1, steps=100, progress=lambda *now: calls.append(now)
    )
    assert calls
    assert all(done <= total for done, total, _ in calls)
    assert {"as it is", "weights by He"} <= {name for *_, name in calls}


MODULE = """
from gradcheck.app.examples.xor import BATCH, QuestionNetwork
from gradcheck import as_subject

def question():
    return as_subject(QuestionNetwork(), batch=BATCH)
"""


def test_the_command_writes_json_and_exits_with_zero_for_a_right_gradient(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(MODULE, encoding="utf-8")
    arguments = ["doctor", f"{path}:question", "--seed", "0", "--budget", "10", "--steps", "1000000"]
    result = CliRunner().invoke(main, [*arguments, "--format", "json", "--output", str(tmp_path / "report.json")])
    assert result.exit_code == 0, result.output
    found = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert found["verdict"] == "pass"
    assert [finding["slug"] for finding in found["findings"]] == ["chance-plateau", "symmetric-units"]
    assert found["gradient"]["verdict"] == "pass"
    assert {"name", "median", "lowest", "highest", "seeds", "steps"} == set(found["trials"][0])


def test_a_missing_target_is_an_error() -> None:
    result = CliRunner().invoke(main, ["doctor", "no_such_script.py"])
    assert result.exit_code == 2
    assert "no_such_script.py" in result.stderr
