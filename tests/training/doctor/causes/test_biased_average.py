"""An average is biased if its weights do not sum to one; a sum and classical momentum are not averages."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from gradcheck.training.doctor.causes.biased_average import biased_average_findings, is_biased
from gradcheck.training.doctor.running_averages import RunningAverage


def average(power: int, decay: float, weight: float, name: str = "s") -> RunningAverage:
    return RunningAverage(name, name, power, decay, weight)


@pytest.mark.parametrize(("decay", "weight"), [(0.9, 0.9), (0.9, 0.11), (0.99, 0.1)])
def test_squares_with_wrong_weights_are_biased(decay: float, weight: float) -> None:
    assert is_biased(average(2, decay, weight), [])


@pytest.mark.parametrize(("decay", "weight"), [(0.9, 0.1), (1.0, 1.0), (0.9, 1.0), (0.9, 0.1 + 1e-9)])
def test_averages_and_sums_are_not(decay: float, weight: float) -> None:
    assert not is_biased(average(2, decay, weight), [])


def test_a_velocity_alone_may_have_any_weight_but_not_beside_a_square() -> None:
    velocity = average(1, 0.9, 0.5)
    assert not is_biased(velocity, [velocity])
    assert is_biased(velocity, [velocity, average(2, 0.999, 0.001)])


def test_equal_mistakes_are_one_finding_with_the_place_of_the_first() -> None:
    first, second, other = average(2, 0.9, 0.9, "s1"), average(2, 0.9, 0.9, "s2"), average(2, 0.9, 0.2, "s3")
    found = biased_average_findings([[first], [second], [other]], lambda _: SimpleNamespace(file="train.py", line=7))
    assert [finding.where for finding in found] == ["s1, s2", "s3"]
    assert (found[0].file, found[0].line) == ("train.py", 7)
    assert "sum to 9, not to 1: steps are 1/3 as long as stated" in found[0].message
    assert found[0].fix == "Use the weights 0.9 and 0.1."


def test_weights_of_a_mean_that_sum_to_less_make_steps_shorter() -> None:
    (found,) = biased_average_findings([[average(1, 0.9, 0.05, "m"), average(2, 0.999, 0.001, "v")]])
    assert "steps are 1/2 as long as stated" in found.message
