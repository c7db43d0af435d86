"""The mistake in a faulty line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gradcheck.scripts.explain.naming import UNEXPLAINED, Explanation, explain
from tests.scripts.planted import analysed, planted
from tests.scripts.samples import TWO_LAYERS


def explanation(folder: Path, text: str) -> Explanation:
    analysis = analysed(folder, text)
    localisation = analysis.localise()
    (line,) = localisation.lines
    with np.errstate(all="ignore"):
        return explain(analysis, localisation, line, 1e-6, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("right", "wrong", "slug"),
    [
        ("dout = out - y", "dout = y - out", "sign-flipped"),
        ("dW2 = h.T @ dout", "dW2 = h.T @ dout / 9", "mean-sum"),
        ("dz = dh * (1 - h**2)", "dz = dh * 1.0", "missing-activation-derivative"),
        ("db1 = dz.sum(axis=0)", "db1 = dz.sum()", "broadcast-not-summed"),
        ("db1 = dz.sum(axis=0)", "db1 = dz[0]", "partial-batch"),
    ],
)
def test_a_known_mistake_is_named(right: str, wrong: str, slug: str, tmp_path: Path) -> None:
    found = explanation(tmp_path, planted(TWO_LAYERS, right, wrong)[0])
    assert found.slug == slug
    assert found.message


def test_an_unknown_mistake_has_no_name(tmp_path: Path) -> None:
    assert explanation(tmp_path, planted(TWO_LAYERS, "dW2 = h.T @ dout", "dW2 = z.T @ dout")[0]).slug in (
        UNEXPLAINED,
        "stale-cache",
    )
