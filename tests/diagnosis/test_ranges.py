"""Parameters packed into one vector: the part that is wrong is found, and its mistake has a name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.nn.layer import Array
from gradcheck.reports.report import Report

Parts = tuple[Array, Array, Array, Array]
RNG = np.random.default_rng(3)
X, Y = RNG.normal(size=(7, 4)), RNG.normal(size=(7, 3))
START = RNG.normal(size=43) / 2


def packed(spoil: Callable[[Array, Array, Array, Array], Any], seed: int = 0, dtype: Any = np.float64) -> Report:
    """Check a network of 4, 5 and 3 units whose weights and biases are one vector, and so is its gradient."""

    def both(v: Array) -> tuple[float, Array]:
        A, a, B, b = v[:20].reshape(4, 5), v[20:25], v[25:40].reshape(5, 3), v[40:]
        h = np.tanh(X @ A + a)
        d = (h @ B + b - Y) / 7
        e = d @ B.T * (1 - h * h)
        parts = spoil(X.T @ e, e.sum(axis=0), h.T @ d, d.sum(axis=0))
        return float(((h @ B + b - Y) ** 2).sum()) / 14, np.concatenate([np.ravel(part) for part in parts])

    return gradcheck.check_gradients(both, True, START.astype(dtype), rng=seed)


WRONG: dict[str, tuple[Callable[[Array, Array, Array, Array], Any], str, str]] = {
    "first weights, sign": (lambda A, a, B, b: (-A, a, B, b), "sign-flipped", "x[0:20]"),
    "first bias zero": (lambda A, a, B, b: (A, 0 * a, B, b), "zero-gradient", "x[20:25]"),
    "second weights": (lambda A, a, B, b: (A, a, 7 * B, b), "constant-factor", "x[25:40]"),
    "last bias": (lambda A, a, B, b: (A, a, B, b / 2), "constant-factor", "x[40:43]"),
    "both weights": (lambda A, a, B, b: (-A, a, -B, b), "sign-flipped", "x[0:20], x[25:40]"),
    "both biases": (lambda A, a, B, b: (A, 9 * a, B, 9 * b), "constant-factor", "x[20:25], x[40:43]"),
    "all but the last": (lambda A, a, B, b: (-A, -a, -B, b), "sign-flipped", "x[0:40]"),
    "a shift": (lambda A, a, B, b: (A, a, np.roll(B.ravel(), 1), b), "shifted", "x[25:40]"),
    "a transpose, first": (lambda A, a, B, b: (A.T, a, B, b), "transposed", "x[0:20]"),
    "a transpose, inside": (lambda A, a, B, b: (A, a, B.T, b), "transposed", "x[25:40]"),
    "all of it": (lambda A, a, B, b: (-A, -a, -B, -b), "sign-flipped", "x"),
}

NO_PART: dict[str, tuple[Callable[[Array, Array, Array, Array], Any], str]] = {
    "one entry": (lambda A, a, B, b: (A, a + np.eye(5)[2], B, b), "isolated-entries"),
    "two entries apart": (
        lambda A, a, B, b: (A + np.eye(20)[3].reshape(4, 5), a, B, b + np.eye(3)[1]),
        "isolated-entries",
    ),
    "no known mistake": (lambda A, a, B, b: (A * np.cos(np.arange(5)), a, B, b), "unexplained"),
}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("spoil", "slug", "where"), WRONG.values(), ids=WRONG)
def test_the_part_is_found_and_its_mistake_named(spoil: Any, slug: str, where: str, seed: int) -> None:
    report = packed(spoil, seed)
    (finding,) = report.findings
    assert (finding.slug, finding.where) == (slug, where)
    assert finding.blocks == ("x",)


def test_two_parts_with_two_mistakes_have_two_findings() -> None:
    report = packed(lambda A, a, B, b: (-A, a, B, 0 * b))
    found = {finding.where: finding.slug for finding in report.findings}
    assert found == {"x[0:20]": "sign-flipped", "x[40:43]": "zero-gradient"}


@pytest.mark.parametrize(("spoil", "slug"), NO_PART.values(), ids=NO_PART)
def test_what_is_not_a_part_is_not_called_one(spoil: Any, slug: str) -> None:
    report = packed(spoil)
    assert [finding.slug for finding in report.findings] == [slug]


def test_a_right_vector_passes_at_the_usual_cost() -> None:
    report = packed(lambda *parts: parts)
    assert report
    assert report.evaluations < 40


def test_the_entry_that_is_shown_lies_in_the_part() -> None:
    (finding,) = packed(lambda A, a, B, b: (A, a, B, -b)).findings
    assert finding.where == "x[40:43]"
    assert any(f"x[{i}]: claimed" in finding.evidence for i in range(40, 43))


def test_float32_vectors_are_cut_as_well() -> None:
    (finding,) = packed(lambda A, a, B, b: (-A, a, B, b), dtype=np.float32).findings
    assert finding.slug == "sign-flipped"
    low, high = (int(edge) for edge in finding.where[2:-1].split(":"))
    assert low == 0
    assert abs(high - 20) <= 1
