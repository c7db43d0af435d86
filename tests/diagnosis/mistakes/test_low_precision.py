"""GC501 is named for a gradient rounded to a narrower type, not for other errors of the same size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.diagnosis.mistakes.cases import check_block, slugs

SLUG = "low-precision"


def narrow(dtype: Any) -> Any:
    return lambda g: g.astype(dtype).astype(np.float64)


WRONG = {
    "half precision": lambda: check_block(narrow(np.float16)),
    "half precision of a vector": lambda: check_block(narrow(np.float16), (30,)),
    "half precision, large": lambda: check_block(narrow(np.float16), (30, 30)),
}

NEAR_MISSES = {
    "right": lambda: check_block(np.array),
    "single precision is tolerated": lambda: check_block(narrow(np.float32)),
    "a thousandth of noise": lambda: check_block(lambda g: g * (1 + 1e-3 * np.sin(np.arange(g.size)).reshape(g.shape))),
    "half precision of something else": lambda: check_block(lambda g: narrow(np.float16)(g**2)),
    "rounded to two digits": lambda: check_block(lambda g: np.round(g, 2)),
}


@pytest.mark.parametrize("check", WRONG.values(), ids=WRONG)
def test_it_is_named(check: Any) -> None:
    report = check()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("check", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_a_near_miss_is_not_named(check: Any) -> None:
    assert SLUG not in slugs(check())


def test_single_precision_is_named_if_rtol_is_below_its_rounding() -> None:
    import gradcheck

    x0 = np.random.default_rng(0).normal(size=8)
    report = gradcheck.check_gradients(
        lambda x: float(np.sum(np.sin(x))), lambda x: narrow(np.float32)(np.cos(x)), x0, rng=0, rtol=1e-9
    )
    assert slugs(report) == [SLUG]
