"""A layer and a loss as subjects of their own."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck import check_gradients, nn
from gradcheck.nn.layer import Array
from gradcheck.subjects.layer import INPUT, PREDICTION, LayerSubject, LossSubject, has_index_input

X = np.random.default_rng(0).standard_normal((5, 3))


class HalfInput(nn.Dense):
    def backward(self, upstream: Array) -> Array:
        return 0.5 * super().backward(upstream)


def test_the_blocks_of_a_layer_are_its_input_and_its_parameters() -> None:
    subject = LayerSubject(nn.Dense(3, 2, rng=0), X, "layers.0")
    assert [block.name for block in subject.blocks] == [INPUT, "W", "b"]
    assert subject.name == "layers.0 (Dense)"
    assert subject.place == "layers.0"
    assert check_gradients(subject, rng=0)


def test_only_the_wrong_block_fails() -> None:
    report = check_gradients(LayerSubject(HalfInput(3, 2, rng=0), X, "layers.0"), rng=0)
    assert {name: block.verdict.value for name, block in report.blocks.items()} == {
        "x": "fail",
        "W": "pass",
        "b": "pass",
    }


def test_part_of_the_samples_is_an_upstream_gradient_of_zero_for_the_others() -> None:
    subject = LayerSubject(nn.Dense(3, 2, rng=0), X, "layers.0")
    part = subject.restricted(slice(1, 3))
    assert part is not None
    x, w, b = subject.point
    expected = (subject.upstream[1:3] * (x[1:3] @ w + b)).sum()
    assert part.loss((x.copy(), w.copy(), b.copy())) == pytest.approx(float(expected), rel=1e-12)
    gradient = part.gradient((x.copy(), w.copy(), b.copy()))[0]
    assert not gradient[[0, 3, 4]].any()
    assert gradient[1:3].any()


def test_counts_name_samples_and_positions() -> None:
    counts = LayerSubject(nn.Conv2D(1, 2, 2, rng=0), np.ones((3, 1, 4, 5)), "layers.0").counts()
    assert counts[3] == "The batch has 3 samples"
    assert counts[20].startswith(("Axis", "Sums over the input have 20 terms"))
    assert counts[12] == "Sums over the output have 12 terms"
    assert 2 not in counts
    assert 1 not in counts


def test_the_block_of_a_loss_is_its_prediction() -> None:
    subject = LossSubject(nn.MeanSquaredError(), X, np.zeros((5, 3)))
    assert [block.name for block in subject.blocks] == [PREDICTION]
    assert check_gradients(subject, rng=0)
    assert subject.counts()[5] == "The batch has 5 samples"
    assert subject.counts()[15] == "There are 15 entries in an array of the prediction"


@pytest.mark.parametrize(
    ("layer", "x", "expected"),
    [
        (nn.Embedding(4, 2, rng=0), np.zeros((2, 3)), True),
        (nn.Flatten(), np.zeros((2, 3), int), True),
        (nn.Flatten(), np.zeros((2, 3)), False),
    ],
)
def test_indices_are_no_input_to_differentiate(layer: nn.Layer, x: Array, expected: bool) -> None:
    assert has_index_input(layer, x) is expected
