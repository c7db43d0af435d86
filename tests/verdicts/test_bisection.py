from __future__ import annotations

import numpy as np
import pytest

from gradcheck import check_gradients
from tests.cases import Array, logcosh, spoil_entry


@pytest.mark.parametrize(
    ("shape", "index"), [((10**5,), (54_321,)), ((10**5,), (0,)), ((10**5,), (99_999,)), ((250, 400), (17, 203))]
)
@pytest.mark.parametrize("factor", [1.01, 0.0, -1.0])
def test_one_wrong_entry_among_many_is_found(shape: tuple[int, ...], index: tuple[int, ...], factor: float) -> None:
    x0 = 1.0 + np.random.default_rng(0).uniform(size=shape)
    spoil = spoil_entry(index, factor)
    report = check_gradients(logcosh, lambda x: spoil(np.tanh(x)), x0, rng=0)
    block = report.blocks["x"]
    assert block.verdict.value == "fail"
    assert block.worst is not None
    assert block.worst.index == index
    truth = float(np.tanh(x0[index]))
    assert block.worst.claimed == pytest.approx(factor * truth, rel=1e-12)
    assert block.worst.numeric == pytest.approx(truth, rel=1e-4)
    assert abs(block.worst.numeric - truth) <= block.worst.error
    assert report.findings[0].where == f"x[{', '.join(map(str, index))}]"


@pytest.mark.parametrize("order", ["C", "F"])
def test_index_does_not_depend_on_the_memory_layout(order: str) -> None:
    x0 = np.asarray(1.0 + np.random.default_rng(0).uniform(size=(30, 20)), order=order)  # type: ignore[call-overload]
    spoil = spoil_entry((7, 13), 1.01)
    worst = check_gradients(logcosh, lambda x: spoil(np.tanh(x)), x0, rng=0).blocks["x"].worst
    assert worst is not None
    assert worst.index == (7, 13)


@pytest.mark.parametrize("wrong", [(3,), (0, 11), (1, 4, 7, 9)])
def test_small_block_is_measured_entry_by_entry(wrong: tuple[int, ...]) -> None:
    x0 = np.linspace(0.5, 2.0, 12)

    def gradient(x: Array) -> Array:
        found = np.tanh(x)
        found[list(wrong)] *= 1.02
        return found

    block = check_gradients(logcosh, gradient, x0, rng=0).blocks["x"]
    assert [entry.index[0] for entry in block.entries if entry.wrong] == list(wrong)
    np.testing.assert_allclose([entry.numeric for entry in block.entries], np.tanh(x0), rtol=1e-4)
    assert block.numeric_norm == pytest.approx(float(np.linalg.norm(np.tanh(x0))), rel=1e-4)


def test_every_second_entry_wrong_leads_to_a_wrong_one() -> None:
    x0 = 1.0 + np.random.default_rng(0).uniform(size=1000)

    def gradient(x: Array) -> Array:
        found = np.tanh(x)
        found[::2] *= 1.05
        return found

    worst = check_gradients(logcosh, gradient, x0, rng=0).blocks["x"].worst
    assert worst is not None
    assert worst.wrong
    assert worst.index[0] % 2 == 0


def test_search_stops_at_the_budget() -> None:
    x0 = 1.0 + np.random.default_rng(0).uniform(size=10**4)
    spoil = spoil_entry((77,), 1.01)
    report = check_gradients(logcosh, lambda x: spoil(np.tanh(x)), x0, rng=0, budget=100)
    assert report.evaluations <= 100
    assert report.verdict.value in {"fail", "undecided"}
