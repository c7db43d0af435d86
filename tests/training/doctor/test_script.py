"""Scripts: their update rule, biased averages in it, idle parameters, and the two programs of the forum post."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import gradcheck
from gradcheck.app.cli import main
from gradcheck.training.doctor.report import DoctorReport

PROGRAMS = Path(__file__).parent / "programs"

SCRIPT = """
import numpy as np

rng = np.random.RandomState(0)
X = rng.randn(20, 3)
y = X @ np.array([[1.0], [-2.0], [0.5]]) + 0.3
W = 0.1 * rng.randn(3, 1)
b = np.zeros(1)
beta, beta1, beta2, mu, lr, eps = 0.9, 0.9, 0.999, 0.9, 0.01, 1e-8
vW, vb, sW, sb = (np.zeros_like(a) for a in (W, b, W, b))
t = 0
for step in range(300):
    t += 1
    error = X @ W + b - y
    loss = np.mean(error**2)
    dW = 2 * X.T @ error / len(X)
    db = 2 * error.mean(axis=0)
    {update}
"""

#: Right updates, in several styles.
RIGHT = {
    "gradient descent": ["W -= lr * dW", "b -= lr * db"],
    "classic momentum": ["vW = mu * vW + dW", "vb = mu * vb + db", "W -= lr * vW", "b -= lr * vb"],
    "momentum with the step in it": ["vW = mu * vW - lr * dW", "vb = mu * vb - lr * db", "W = W + vW", "b = b + vb"],
    "averaged momentum": [
        "vW = beta * vW + (1 - beta) * dW",
        "vb = beta * vb + (1 - beta) * db",
        "W -= lr * vW",
        "b -= lr * vb",
    ],
    "AdaGrad": [
        "sW = sW + dW**2",
        "sb = sb + db**2",
        "W -= lr * dW / (np.sqrt(sW) + eps)",
        "b -= lr * db / (np.sqrt(sb) + eps)",
    ],
    "RMSProp": [
        "sW = beta * sW + (1 - beta) * dW**2",
        "sb = beta * sb + (1 - beta) * db**2",
        "W -= lr * dW / (np.sqrt(sW) + eps)",
        "b -= lr * db / (np.sqrt(sb) + eps)",
    ],
    "RMSProp, ε under the root": [
        "sW = beta * sW + (1 - beta) * dW**2",
        "sb = beta * sb + (1 - beta) * db**2",
        "W -= lr * dW / np.sqrt(sW + 1e-3)",
        "b -= lr * db / np.sqrt(sb + 1e-3)",
    ],
    "Adam": [
        "vW = beta1 * vW + (1 - beta1) * dW",
        "vb = beta1 * vb + (1 - beta1) * db",
        "sW = beta2 * sW + (1 - beta2) * dW**2",
        "sb = beta2 * sb + (1 - beta2) * db**2",
        "W -= lr * (vW / (1 - beta1**t)) / (np.sqrt(sW / (1 - beta2**t)) + eps)",
        "b -= lr * (vb / (1 - beta1**t)) / (np.sqrt(sb / (1 - beta2**t)) + eps)",
    ],
}

NAMES = {
    "gradient descent": "gradient descent, step 0.01",
    "classic momentum": "momentum, step 0.01",
    "momentum with the step in it": "momentum, step 0.01",
    "averaged momentum": "momentum, step 0.001",
    "AdaGrad": "AdaGrad, step 0.01",
    "RMSProp": "RMSProp, step 0.01",
    "RMSProp, ε under the root": "RMSProp, step 0.01",
    "Adam": "Adam, step 0.01",
}


def report_on(tmp_path: Path, lines: list[str]) -> DoctorReport:
    path = tmp_path / "train.py"
    path.write_text(SCRIPT.format(update="\n    ".join(lines)), encoding="utf-8")
    return gradcheck.doctor(path, rng=0, budget=0)


@pytest.mark.parametrize("name", RIGHT)
def test_right_updates_are_recognised_and_have_no_biased_average(tmp_path: Path, name: str) -> None:
    report = report_on(tmp_path, RIGHT[name])
    assert report.verdict.value == "pass"
    assert report.regimen == NAMES[name]
    assert "biased-average" not in [finding.slug for finding in report.findings]
    assert report.planned == 300


@pytest.mark.parametrize(
    ("name", "right", "wrong", "factor"),
    [
        ("RMSProp", "(1 - beta)", "beta", "9"),
        ("RMSProp", "(1 - beta)", "0.2", "2"),
        ("RMSProp", "(1 - beta)", "0.01", "0.1"),
        ("Adam", "(1 - beta2)", "(1 - beta1)", "100"),
        ("Adam", "(1 - beta1)", "(1 - beta2)", "0.01"),
    ],
)
def test_an_average_whose_weights_do_not_sum_to_one_is_found(
    tmp_path: Path, name: str, right: str, wrong: str, factor: str
) -> None:
    report = report_on(tmp_path, [line.replace(f"{right} *", f"{wrong} *") for line in RIGHT[name]])
    biased = [finding for finding in report.findings if finding.slug == "biased-average"]
    assert len(biased) == 1
    assert biased[0].code == "GT109"
    assert f"sum to {factor}, not to 1" in biased[0].message
    assert biased[0].line is not None
    assert report.verdict.value == "pass"


@pytest.mark.parametrize("wrong", ["sW = beta * sW + dW**2", "sW = sW + dW**2"])
def test_sums_are_not_averages(tmp_path: Path, wrong: str) -> None:
    lines = [wrong, wrong.replace("W", "b"), *RIGHT["RMSProp"][2:]]
    assert "biased-average" not in [finding.slug for finding in report_on(tmp_path, lines).findings]


def test_a_parameter_that_no_update_changes_is_found(tmp_path: Path) -> None:
    report = report_on(tmp_path, ["W -= lr * dW"])
    idle = [finding for finding in report.findings if finding.slug == "idle-parameters"]
    assert [finding.where for finding in idle] == ["b"]
    assert "db" in idle[0].message


def test_other_names_of_an_updated_parameter_are_not_idle(tmp_path: Path) -> None:
    """The parameters are in a dictionary; the names that they had before are used no more."""
    text = SCRIPT.replace("X @ W + b - y", "X @ p['W'] + p['b'] - y").replace(
        "t = 0\n", "t = 0\np = {'W': W, 'b': b}\n"
    )
    path = tmp_path / "train.py"
    path.write_text(text.replace("{update}", "p = {'W': p['W'] - lr * dW, 'b': p['b'] - lr * db}"), encoding="utf-8")
    report = gradcheck.doctor(path, rng=0, budget=0)
    assert report.regimen == NAMES["gradient descent"]
    assert not [finding for finding in report.findings if finding.slug == "idle-parameters"]


def test_data_with_a_derivative_are_not_parameters(tmp_path: Path) -> None:
    report = report_on(tmp_path, ["dX = 2 * error @ W.T / len(X)", "W -= lr * dW", "b -= lr * db"])
    assert not report.findings


def test_a_step_uphill_makes_the_loss_rise(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    text = SCRIPT.format(update="W = W - lr * dW\n    b = b - lr * db").replace(
        "lr, eps = 0.9, 0.9, 0.999, 0.9, 0.01,", "lr, eps = 0.9, 0.9, 0.999, 0.9, -0.01,"
    )
    path.write_text(text, encoding="utf-8")
    report = gradcheck.doctor(path, rng=0, budget=0)
    assert report.findings[0].slug == "rising-loss"
    assert "uphill" in report.findings[0].message


@pytest.fixture(scope="module")
def question() -> DoctorReport:
    return gradcheck.doctor(PROGRAMS / "question.py", rng=0)


def test_the_question_has_a_right_gradient_on_a_plateau_of_symmetric_units(question: DoctorReport) -> None:
    assert question.verdict.value == "pass"
    assert [finding.slug for finding in question.findings] == ["chance-plateau", "symmetric-units"]
    assert question.regimen == "gradient descent, step 0.03"
    assert question.planned == 1_000_000


def test_the_steps_to_escape_and_the_step_budget_are_stated(question: DoctorReport) -> None:
    message = question.findings[0].message
    assert "0.693147 = ln 2" in message
    assert "about four to eight million steps at 0.03" in message
    assert "the program (the loop on line 23) stops after one million" in message


def test_the_best_trial_solves_the_question(question: DoctorReport) -> None:
    assert question.trials[0].median < 0.01
    assert question.trials[0].median == min(trial.median for trial in question.trials)
    own = next(trial for trial in question.trials if trial.name == "as it is")
    assert own.median == pytest.approx(0.693147, abs=1e-5)
    assert {trial.steps for trial in question.trials if trial.median > 0.1} == {1_000}
    assert {"another seed", "weights by Glorot", "weights by He", "weights by LeCun", "step × 10", "step ÷ 10"} <= {
        trial.name for trial in question.trials
    }


@pytest.fixture(scope="module")
def answer() -> DoctorReport:
    return gradcheck.doctor(PROGRAMS / "answer.py", rng=0)


#: A number, with the commas of thousands.
NUMBER = re.compile(r"\d[\d,]*\.?\d*(?:e[-+]?\d+)?")


@pytest.mark.parametrize("name", ["question", "answer"])
def test_the_page_shows_what_is_printed(name: str, request: pytest.FixtureRequest) -> None:
    """Every word, and every number but for what other versions of NumPy round differently."""
    page = (Path(__file__).parents[3] / "docs" / "doctor.md").read_text(encoding="utf-8")
    (shown,) = re.findall(rf"```text\n(GRADIENT [A-Z]+  {name}\.py.*?)\n```", page, re.DOTALL)
    printed = str(request.getfixturevalue(name)).replace(str(PROGRAMS / f"{name}.py"), f"{name}.py")
    printed = printed[printed.index("GRADIENT") : printed.index("Details:")]
    assert NUMBER.sub("#", shown).split() == NUMBER.sub("#", printed).split()
    pairs = zip(*(map(_number, NUMBER.findall(text)) for text in (shown, printed)), strict=True)
    assert [pair for pair in pairs if pair[0] != pytest.approx(pair[1], rel=0.02)] == []


def _number(text: str) -> float:
    return float(text.rstrip(",.").replace(",", ""))


def test_the_answer_has_a_wrong_gradient_and_an_average_that_sums_to_nine(answer: DoctorReport) -> None:
    report = answer
    assert report.verdict.value == "fail"
    assert report.gradient.findings[0].slug == "extra-activation-derivative"
    assert [finding.slug for finding in report.findings] == ["biased-average"]
    assert "sum to 9, not to 1" in report.findings[0].message
    assert not report.trials
    text = str(report)
    assert text.index("GC302") < text.index("GT109")


def test_the_command_has_the_exit_status_of_the_check() -> None:
    result = CliRunner().invoke(main, ["doctor", str(PROGRAMS / "answer.py"), "--seed", "0"])
    assert result.exit_code == 1
    assert "GT109 biased-average" in result.stdout


def test_the_state_of_the_global_generators_is_restored() -> None:
    import numpy as np

    before = np.random.get_state()[1].copy()  # type: ignore[index]
    gradcheck.doctor(PROGRAMS / "answer.py", rng=0)
    assert (np.random.get_state()[1] == before).all()  # type: ignore[index]


def test_an_update_that_is_not_recognised_is_said_to_be_so(tmp_path: Path) -> None:
    """Nesterov's momentum: from a velocity of zero its first change is a multiple of the new velocity."""
    lines = ["vW = mu * vW + dW", "vb = mu * vb + db", "W -= lr * (dW + mu * vW)", "b -= lr * (db + mu * vb)"]
    report = report_on(tmp_path, lines)
    assert report.verdict.value == "pass"
    assert (report.regimen, report.step) == ("unrecognised update", None)
    assert not report.findings
    assert any("not recognised" in note for note in report.notes)


def test_a_given_step_budget_replaces_that_of_the_loop(tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_text(SCRIPT.format(update="W -= lr * dW\n    b -= lr * db"), encoding="utf-8")
    assert gradcheck.doctor(path, rng=0, budget=0, steps=7).planned == 7
