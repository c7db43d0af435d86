"""The demo: its checks, the numbers that it measures, and the screen that it prints."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

from gradcheck.app.cli import main
from gradcheck.app.demo import (
    DEMO,
    DemoResults,
    _Table,
    check_networks,
    compare_rmsprop,
    count_irprop_steps,
    measure_plateau,
    overall_ratio,
    ratio_range,
    render_demo,
    run_demo,
)
from gradcheck.app.examples.xor import BATCH, AnswerNetwork, QuestionNetwork, descend
from tests.cases import Array

BLOCKS = ["w1", "b1", "w2", "b2"]


@pytest.fixture(scope="module")
def output() -> str:
    result = CliRunner().invoke(main, ["demo"])
    assert result.exit_code == 0
    return result.stdout


@pytest.fixture(scope="module")
def results() -> DemoResults:
    return run_demo(0)


def rows(output: str) -> dict[str, list[str]]:
    """The rest of each line of the table, by network and size of the weights."""
    found = re.findall(r"^(question|answer) +(\S+) +((?:pass|fail|undecided).*)$", output, re.MULTILINE)
    return {f"{title} {scale}": rest.split() for title, scale, rest in found}


def test_question_passes_and_answer_fails(output: str) -> None:
    found = rows(output)
    assert list(found) == ["question 0.01", "question 1", "answer 0.01", "answer 1"]
    assert next(line.split() for line in output.splitlines() if line.startswith("network "))[2:6] == BLOCKS
    for name, rest in found.items():
        assert rest[:4] == ["pass" if name.startswith("question") else "fail"] * 4


def test_no_constant_ratio_is_claimed(output: str) -> None:
    assert "constant" not in output.lower()
    assert " ".join(output.split()).count("GC302 extra-activation-derivative") == 2
    assert re.search(r"in w2: 0\.2499\d+ to 0\.25?\d+", " ".join(output.split()))


def test_textbook_has_its_columns(output: str) -> None:
    assert "textbook" in next(line for line in output.splitlines() if line.startswith("network "))
    assert all(rest[-1] in ("pass", "fail", "undecided") for rest in rows(output).values())


def test_every_part_is_shown(output: str) -> None:
    text = " ".join(output.split())
    assert "from 0.693207 to 0.693147" in text
    assert "a plateau" in text
    assert "biased-average" in text
    assert "sum to 9" in text
    assert re.search(r"iRprop−.* below 1e-06 after \d+ steps", text)


def test_the_plateau_is_that_of_plain_descent() -> None:
    found, network = measure_plateau(0), QuestionNetwork(seed=0)
    assert found.losses[0] == network.loss(*BATCH)
    assert descend(network, steps=1000) == pytest.approx(found.losses[1], rel=1e-12)
    assert found.losses[1] == pytest.approx(math.log(2), abs=1e-6)
    assert found.norms[1] < found.norms[0] / 1000


def test_rmsprop_goes_further_with_the_right_gradient() -> None:
    losses = compare_rmsprop(0)
    assert losses.shape == (len(DEMO.milestones), 2)
    assert (np.diff(losses, axis=0) < 0).all()
    assert losses[-1, 1] > 1000 * losses[-1, 0]


def test_irprop_learns_from_several_starts() -> None:
    assert all((steps := count_irprop_steps(seed)) is not None and steps < 500 for seed in range(5))


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_it_fits_a_screen(results: DemoResults, width: int) -> None:
    console = Console(width=width, color_system=None, force_terminal=False)
    with console.capture() as capture:
        console.print(render_demo(results))
    lines = capture.get().splitlines()
    assert len(lines) < 40
    assert max(map(len, lines)) <= width
    assert "\x1b" not in capture.get()
    assert "…" not in capture.get()


@pytest.mark.parametrize("width", [40, 60])
def test_a_narrow_screen_has_lines_instead_of_tables(results: DemoResults, width: int) -> None:
    console = Console(width=width, color_system=None, force_terminal=False)
    with console.capture() as capture:
        console.print(render_demo(results))
    shown = capture.get()
    assert max(map(len, shown.splitlines())) <= width
    assert "…" not in shown
    words = " ".join(shown.split())
    assert "question: weights 0.01, w1 pass, b1 pass, w2 pass, b2 pass, largest gap" in words
    assert "answer: weights 1, w1 fail," in words
    assert "wrong / right: 500 steps" in words


def test_seed_reproduces_the_demo() -> None:
    first, second, other = (CliRunner().invoke(main, ["demo", "--seed", seed]).stdout for seed in ("1", "1", "2"))
    assert first == second
    assert first != other


def test_the_ratio_of_the_gradients_is_that_of_the_networks() -> None:
    """The question's gradient is exact, so the answer's divided by it is the ratio that the demo measures."""
    for check in check_networks(0)[2:]:
        right, wrong = (kind(check.scale, seed=0).gradient(*BATCH)["w2"] for kind in (QuestionNetwork, AnswerNetwork))
        ratios = wrong / right
        assert ratio_range(check.report, "w2") == pytest.approx((ratios.min(), ratios.max()), rel=1e-8)


def test_textbook_ratio_is_that_of_the_formula() -> None:
    """‖g - n‖ / (‖g‖ + ‖n‖) with central differences of step 1e-4."""
    for check in check_networks(0):
        network = (QuestionNetwork if check.title == "question" else AnswerNetwork)(scale=check.scale, seed=0)
        claim = network.gradient(*BATCH)["w2"]
        weights: Array = network.params["w2"]
        numeric = np.zeros_like(weights)
        for index in np.ndindex(weights.shape):
            kept = weights[index]
            values = []
            for step in (1e-4, -1e-4):
                weights[index] = kept + step
                values.append(network.loss(*BATCH))
            weights[index] = kept
            numeric[index] = (values[0] - values[1]) / 2e-4
        norm = np.linalg.norm
        ratio = float(norm(claim - numeric) / (norm(claim) + norm(numeric)))
        assert check.textbook.blocks["w2"].relative_error == pytest.approx(ratio, rel=1e-6)


def test_the_textbook_ratio_is_that_of_its_report(results: DemoResults) -> None:
    for check in results.checks:
        assert f"= {overall_ratio(check.textbook):.1e} with" in check.textbook.notes[0]


def test_answer_is_near_a_quarter_at_its_start_only() -> None:
    """A gradient of a quarter has the ratio (1 - 1/4) / (1 + 1/4) = 0.6."""
    start, generic = (check for check in check_networks(0) if check.title == "answer")
    assert start.textbook.blocks["w2"].relative_error == pytest.approx(0.6, abs=1e-3)
    assert abs(generic.textbook.blocks["w2"].relative_error - 0.6) > 0.01


def test_a_table_is_whole_at_every_width() -> None:
    for width in range(20, 45):
        console = Console(width=width, color_system=None, force_terminal=False)
        table = _Table("network", "weights", "w1", "verdict")
        table.add_row("question", "0.01", "pass", "fail")
        with console.capture() as capture:
            console.print(table)
        shown = capture.get()
        assert "…" not in shown
        assert max(map(len, shown.splitlines())) <= width
        assert ("question  0.01" in shown) == (width >= 32)  # 8 + 7 + 4 + 7, and two between each
        assert "question: weights 0.01" in " ".join(shown.split()) or width >= 32
