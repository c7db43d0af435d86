from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from gradcheck.cli import main
from gradcheck.demo import episodes
from gradcheck.examples.xor import BATCH, AnswerNetwork, QuestionNetwork
from tests.cases import Array

BLOCKS = ["w1", "b1", "w2", "b2"]


@pytest.fixture(scope="module")
def output() -> str:
    result = CliRunner().invoke(main, ["demo"])
    assert result.exit_code == 0
    return result.stdout


def rows(output: str) -> list[tuple[str, str, list[str]]]:
    """Network, block, and the rest of each line of the table."""
    found, network = [], ""
    for line in output.splitlines():
        words = line.split()
        if words and words[0] in ("question", "answer") and "×" in words:
            network = words[0]
        block = next((word for word in words[:4] if word in BLOCKS), "")
        if block and words[-1] in ("pass", "fail", "undecided"):
            found.append((network, block, words[words.index(block) + 1 :]))
    return found


def test_question_passes_and_answer_fails(output: str) -> None:
    found = rows(output)
    assert [(network, block) for network, block, _ in found] == [
        (network, block) for network in ("question", "answer") for _ in range(2) for block in BLOCKS
    ]
    assert [rest[0] for network, _, rest in found if network == "question"] == ["pass"] * 8
    assert [rest[0] for network, _, rest in found if network == "answer"] == ["fail"] * 8


def test_no_constant_ratio_is_claimed(output: str) -> None:
    assert "constant" not in output.lower()
    assert " ".join(output.split()).count("GC302 extra-activation-derivative") == 2
    assert "goes from" in output


def test_textbook_has_its_columns(output: str) -> None:
    assert "textbook" in next(line for line in output.splitlines() if "gradcheck" in line and "block" in line)
    assert all(rest[-1] in ("pass", "fail", "undecided") for _, _, rest in rows(output))


def test_output_is_plain_and_fits(output: str) -> None:
    assert "\x1b" not in output
    assert "…" not in output
    assert max(map(len, output.splitlines())) <= 120


def test_seed_reproduces_the_demo() -> None:
    first, second, other = (CliRunner().invoke(main, ["demo", "--seed", seed]).stdout for seed in ("1", "1", "2"))
    assert first == second
    assert first != other


def test_textbook_ratio_is_that_of_the_formula() -> None:
    """‖g - n‖ / (‖g‖ + ‖n‖) with central differences of step 1e-4."""
    for episode in episodes(0):
        network = (QuestionNetwork if episode.title == "question" else AnswerNetwork)(scale=episode.scale, seed=0)
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
        assert episode.textbook.blocks["w2"].relative_error == pytest.approx(ratio, rel=1e-6)


def test_answer_is_near_a_quarter_at_its_start_only() -> None:
    """A gradient of a quarter has the ratio (1 - 1/4) / (1 + 1/4) = 0.6."""
    start, generic = (episode for episode in episodes(0) if episode.title == "answer")
    assert start.textbook.blocks["w2"].relative_error == pytest.approx(0.6, abs=1e-3)
    assert abs(generic.textbook.blocks["w2"].relative_error - 0.6) > 0.01
