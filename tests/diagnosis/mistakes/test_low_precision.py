"""GC501: rounded to a narrower type, and errors of the same size that are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.diagnosis.mistakes.cases import of_block, slugs

SLUG = "low-precision"


def narrow(dtype: Any) -> Any:
    return lambda g: g.astype(dtype).astype(np.float64)


HITS = {
    "half precision": lambda: of_block(narrow(np.float16)),
    "half precision of a vector": lambda: of_block(narrow(np.float16), (30,)),
    "half precision, large": lambda: of_block(narrow(np.float16), (30, 30)),
}

SILENT = {
    "right": lambda: of_block(np.array),
    "single precision is tolerated": lambda: of_block(narrow(np.float32)),
    "a thousandth of noise": lambda: of_block(lambda g: g * (1 + 1e-3 * np.sin(np.arange(g.size)).reshape(g.shape))),
    "half precision of something else": lambda: of_block(lambda g: narrow(np.float16)(g**2)),
    "rounded to two digits": lambda: of_block(lambda g: np.round(g, 2)),
}


@pytest.mark.parametrize("spoil", HITS.values(), ids=HITS)
def test_it_is_named(spoil: Any) -> None:
    report = spoil()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("spoil", SILENT.values(), ids=SILENT)
def test_a_near_miss_is_not(spoil: Any) -> None:
    assert SLUG not in slugs(spoil())


def test_single_precision_is_named_where_it_is_not_tolerated() -> None:
    import gradcheck

    x0 = np.random.default_rng(0).normal(size=8)
    report = gradcheck.check_gradients(
        lambda x: float(np.sum(np.sin(x))), lambda x: narrow(np.float32)(np.cos(x)), x0, rng=0, rtol=1e-9
    )
    assert slugs(report) == [SLUG]
