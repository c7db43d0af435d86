"""Defaults for a block of code and for the process."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import gradcheck
from gradcheck import SubjectError, SubjectTypeError, check_gradients
from gradcheck.settings import Defaults, process_defaults
from gradcheck.testing.pairs.run import pairs


def square(x: Any) -> Any:
    return x * x


def rtol_and_seed(**options: Any) -> tuple[float, int]:
    report = check_gradients(square, lambda x: 2 * x, 1.5, **options)
    return report.rtol, report.seed


def test_defaults_apply_where_a_call_sets_nothing() -> None:
    with gradcheck.defaults(rtol=1e-3, rng=7):
        assert rtol_and_seed() == (1e-3, 7)
        assert rtol_and_seed(rtol=1e-2) == (1e-2, 7)
        assert rtol_and_seed(rng=8) == (1e-3, 8)
    assert rtol_and_seed(rng=8) == (5e-5, 8)


def test_inner_block_keeps_what_it_does_not_set() -> None:
    with gradcheck.defaults(rtol=1e-3, rng=7), gradcheck.defaults(rng=9):
        assert rtol_and_seed() == (1e-3, 9)


def test_budget_bounds_the_evaluations() -> None:
    with gradcheck.defaults(budget=20):
        report = check_gradients(square, lambda x: 3 * x, 1.5)
        assert report.evaluations <= 20
    assert check_gradients(square, lambda x: 3 * x, 1.5).verdict.value == "fail"


def test_defaults_end_after_an_exception() -> None:
    with pytest.raises(ZeroDivisionError), gradcheck.defaults(rtol=1e-3):
        raise ZeroDivisionError
    assert rtol_and_seed()[0] == 5e-5


def test_seed_reproduces_a_check() -> None:
    wrong = check_gradients(square, lambda x: 2.001 * x, 1.5, rng=3)
    with gradcheck.defaults(rng=3):
        again = check_gradients(square, lambda x: 2.001 * x, 1.5)
    assert again.blocks == wrong.blocks


def test_tables_of_pairs_use_defaults() -> None:
    with gradcheck.defaults(rng=12):
        table = pairs(["Dense"], ["MeanSquaredError"])
    assert table.seed == 12


def test_tasks_have_separate_defaults() -> None:
    async def check(seed: int) -> int:
        with gradcheck.defaults(rng=seed):
            await asyncio.sleep(0)
            found = rtol_and_seed()[1]
            await asyncio.sleep(0)
            return found

    async def both() -> tuple[int, int]:
        return await asyncio.gather(check(1), check(2))

    assert list(asyncio.run(both())) == [1, 2]


def test_defaults_of_a_block_take_precedence_over_those_of_the_process() -> None:
    with process_defaults(Defaults(rtol=1e-2, seed=4)):
        assert rtol_and_seed() == (1e-2, 4)
        with gradcheck.defaults(rng=5):
            assert rtol_and_seed() == (1e-2, 5)
    assert rtol_and_seed(rng=1) == (5e-5, 1)


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"rtol": 0}, SubjectError, "rtol is 0.*between 0 and 1"),
    ({"rtol": "small"}, SubjectTypeError, "rtol is 'small'"),
    ({"rng": -1}, SubjectError, "the seed is -1"),
    ({"rng": 1.5}, SubjectTypeError, "the seed is 1.5: pass a whole number"),
    ({"budget": 3}, SubjectError, "budget is 3.*at least 20"),
    ({"budget": 1e3}, SubjectTypeError, "budget is 1000.0: pass a whole number"),
]


@pytest.mark.parametrize(("options", "error", "message"), WRONG, ids=lambda value: str(value))
def test_invalid_defaults_are_refused_at_once(options: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message), gradcheck.defaults(**options):
        pass
