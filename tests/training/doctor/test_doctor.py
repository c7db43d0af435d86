"""The front doors: forms of the call, options, reports, and what is refused."""

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
from gradcheck.nn import (
    SGD,
    BinaryCrossEntropyWithLogits,
    CrossEntropyWithLogits,
    Dense,
    MeanSquaredError,
    Network,
    ReLU,
    Sigmoid,
    Tanh,
)
from gradcheck.training.doctor.causes import CODES, ILLNESSES
from gradcheck.training.doctor.json import json_of
from gradcheck.training.doctor.run import PLANNED

DESIGNED = (
    "chance-plateau",
    "symmetric-units",
    "saturated-units",
    "dead-units",
    "vanishing-gradient",
    "step-too-small",
    "step-too-large",
    "saddle",
    "biased-average",
)


def parabola(x: Any) -> float:
    return float(x @ x)


def slugs(report: gradcheck.DoctorReport) -> list[str]:
    return [finding.slug for finding in report.findings]


def test_codes_are_those_of_the_contract() -> None:
    assert {slug: CODES[slug] for slug in DESIGNED} == {slug: f"GT{101 + i}" for i, slug in enumerate(DESIGNED)}
    assert len(set(CODES.values())) == len(CODES) == 13
    assert {illness.slug for illness in ILLNESSES} | {"biased-average"} == set(CODES)


def test_a_wrong_gradient_ends_the_matter() -> None:
    report = gradcheck.doctor(parabola, lambda x: 3 * x, np.ones(3), rng=0)
    assert report.verdict.value == "fail"
    assert not report.findings
    assert not report.trials
    assert report.gradient.findings[0].slug == "constant-factor"
    assert "GC102" in str(report)


@pytest.mark.parametrize(("step", "found"), [(0.1, []), (1.1, ["step-too-large"]), (1e-7, ["step-too-small"])])
def test_the_step_is_held_against_the_curvature(step: float, found: list[str]) -> None:
    report = gradcheck.doctor(parabola, lambda x: 2 * x, np.ones(3), step=step, rng=0, budget=0)
    assert slugs(report) == found


def test_a_minimum_is_neither_a_saddle_nor_a_plateau() -> None:
    report = gradcheck.doctor(lambda x: 1.0 + parabola(x), lambda x: 2 * x, 1e-9 * np.ones(3), rng=0, budget=0)
    assert not report.findings


def test_a_slope_that_bends_down_is_no_saddle_because_steps_are_short() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 3)).astype(np.float32)
    layers = [Dense(3, 8, rng=0, dtype=np.float32), Tanh(), Dense(8, 1, rng=1, dtype=np.float32)]
    net = Network(layers, BinaryCrossEntropyWithLogits())
    report = gradcheck.doctor(net, batch=(x, (x[:, :1] > 0).astype(float)), step=1e-7, rng=0, budget=0)
    assert slugs(report) == ["step-too-small"]


def test_a_model_that_can_do_no_better_than_chance_is_not_ill() -> None:
    """Logistic regression on XOR: the loss is ln 2, and that is its minimum."""
    net = Network([Dense(2, 2, scale=0.01, rng=0)], CrossEntropyWithLogits())
    labels = np.array([0, 1, 1, 0])
    report = gradcheck.doctor(net, batch=(BATCH[0], labels), step=0.5, rng=0, budget=0)
    assert not report.findings
    assert any("no better" in note for note in report.notes)


def test_a_network_that_has_learnt_is_not_ill() -> None:
    net = Network([Dense(2, 8, scale=1.0, rng=0), Sigmoid(), Dense(8, 2, scale=1.0, rng=1)], CrossEntropyWithLogits())
    labels = np.array([0, 1, 1, 0])
    net.fit(BATCH[0], labels, SGD(5.0), steps=3000)
    report = gradcheck.doctor(net, batch=(BATCH[0], labels), step=0.01, rng=0, budget=0)
    assert report.began < 0.02
    assert not report.findings


def test_what_was_found_is_found_again() -> None:
    first, second = (
        gradcheck.doctor(QuestionNetwork(), batch=BATCH, steps=1_000_000, rng=5, budget=20, seeds=2) for _ in range(2)
    )
    assert first.findings == second.findings
    assert first.trials == second.trials


def test_parameters_are_put_back() -> None:
    model = QuestionNetwork(scale=1.0)
    before = {name: value.copy() for name, value in model.params.items()}
    gradcheck.doctor(model, batch=BATCH, rng=0, budget=20)
    for name, value in before.items():
        np.testing.assert_array_equal(model.params[name], value)


def test_an_optimiser_of_the_users_is_copied_not_used() -> None:
    optimiser = SGD(0.1)
    gradcheck.doctor(QuestionNetwork(scale=1.0), batch=BATCH, optimiser=optimiser, rng=0, budget=0)
    assert optimiser.steps == 0


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"step": 0.0}, SubjectError, "step is 0.0"),
        ({"step": "0.1"}, SubjectTypeError, "step is '0.1'"),
        ({"steps": 0}, SubjectError, "steps is 0"),
        ({"budget": -1}, SubjectError, "budget is -1"),
        ({"seeds": 0}, SubjectError, "seeds is 0"),
        ({"optimiser": "adam"}, SubjectTypeError, "step\\(params, grads\\)"),
    ],
)
def test_bad_options_are_refused_by_name(options: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        gradcheck.doctor(parabola, lambda x: 2 * x, np.ones(3), **options)


def test_the_number_of_steps_is_taken_as_said_or_as_ten_thousand() -> None:
    given = gradcheck.doctor(parabola, lambda x: 2 * x, np.ones(3), steps=3, rng=0, budget=0)
    assert (given.planned, given.walked) == (3, 3)
    assert gradcheck.doctor(parabola, lambda x: 2 * x, np.ones(3), rng=0, budget=0).planned == PLANNED == 10_000


def test_progress_is_told_up_to_the_end() -> None:
    told: list[tuple[int, int, str]] = []
    gradcheck.doctor(
        QuestionNetwork(), batch=BATCH, rng=0, budget=20, seeds=1, steps=100, progress=lambda *now: told.append(now)
    )
    assert told
    assert all(done <= total for done, total, _ in told)
    assert {"as it is", "weights by He"} <= {name for *_, name in told}


def test_pictures_are_written_as_svg_and_png(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    report = gradcheck.doctor(
        QuestionNetwork(), batch=BATCH, steps=1_000_000, rng=0, budget=20, seeds=2, plots=tmp_path / "pictures"
    )
    written = {path.name for path in (tmp_path / "pictures").iterdir()}
    assert written == {
        f"{name}.{end}" for name in ("trials", "way-out", "gradients", "slices") for end in ("svg", "png")
    }
    assert (tmp_path / "pictures" / "trials.png").read_bytes().startswith(b"\x89PNG")
    assert "RMSProp" in (tmp_path / "pictures" / "trials.svg").read_text(encoding="utf-8")
    assert any(note.startswith("pictures:") for note in report.notes)


MODULE = """
from gradcheck.app.examples.xor import BATCH, QuestionNetwork
from gradcheck import as_subject

def question():
    return as_subject(QuestionNetwork(), batch=BATCH)
"""


def test_the_command_prints_json_and_ends_with_zero_for_a_right_gradient(tmp_path: Path) -> None:
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


def test_json_holds_no_infinities() -> None:
    report = gradcheck.doctor(parabola, lambda x: 2 * x, np.ones(3), step=1.1, rng=0, budget=800)
    plain = json.loads(json_of(report), parse_constant=lambda name: pytest.fail(name))
    assert plain["ended"] in ("Infinity", plain["ended"])


def test_a_target_that_is_not_there_cannot_be_examined() -> None:
    result = CliRunner().invoke(main, ["doctor", "no_such_script.py"])
    assert result.exit_code == 2
    assert "no_such_script.py" in result.stderr


def test_what_is_raised_far_from_the_start_is_an_edge_and_no_error() -> None:
    def loss(x: Any) -> float:
        if np.abs(x).max() > 50:
            raise RuntimeError("out of range")
        return float(x @ x)

    report = gradcheck.doctor(loss, lambda x: 2 * x, np.ones(3), step=1.1, rng=0, budget=50, seeds=1)
    assert slugs(report) == ["step-too-large"]


def _relu(dead: int) -> tuple[Network, tuple[Any, Any]]:
    """A step that sixteen ReLUs learn slowly, some of them dead."""
    rng = np.random.default_rng(1)
    x = rng.uniform(-2, 2, (60, 1))
    net = Network([Dense(1, 16, rng=rng), ReLU(), Dense(16, 1, rng=rng)], MeanSquaredError())
    net.params["layers.0.b"][:dead] = -30.0
    return net, (x, np.sign(np.sin(5 * x)))


@pytest.mark.parametrize(("dead", "found"), [(0, []), (6, []), (15, ["dead-units"])])
def test_some_dead_units_are_usual_and_most_of_them_are_an_illness(dead: int, found: list[str]) -> None:
    net, batch = _relu(dead)
    report = gradcheck.doctor(net, batch=batch, step=0.02, rng=0, budget=0)
    assert report.ended > 0.5 * report.began  # held up, by whatever
    assert [slug for slug in slugs(report) if slug == "dead-units"] == found


@pytest.mark.parametrize(("share", "found"), [(0.25, False), (0.75, True)])
def test_a_layer_is_saturated_from_half_of_its_slopes_on(share: float, found: bool) -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (60, 1))
    net = Network([Dense(1, 8, rng=rng), Sigmoid(), Dense(8, 1, rng=rng)], MeanSquaredError())
    net.params["layers.0.b"][: int(8 * share)] = 20.0
    report = gradcheck.doctor(net, batch=(x, np.sign(np.sin(9 * x))), step=0.02, rng=0, budget=0)
    assert ("saturated-units" in slugs(report)) is found
