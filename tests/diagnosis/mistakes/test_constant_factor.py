"""GC102 is named for one factor at every entry and point, not for a varying factor, a count or −1."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck
from tests.diagnosis.mistakes.cases import check_block, check_model, slugs

SLUG = "constant-factor"


WRONG = {
    "half": lambda: check_block(lambda g: 0.5 * g),
    "2.5 of a vector": lambda: check_block(lambda g: 2.5 * g, (7,)),
    "small": lambda: check_block(lambda g: 1e-3 * g),
    "a thousandth off": lambda: check_block(lambda g: 1.001 * g),
    "float32": lambda: check_block(lambda g: 2.5 * g, dtype=np.float32),
    "block of a model": lambda: check_model(lambda g: g | {"b1": 1.7 * g["b1"]}),
    "single number": lambda: check_block(lambda g: 1.3 * g, (1,)),
}

NEAR_MISSES = {
    "right": lambda: check_block(np.array),
    "one part in ten million": lambda: check_block(lambda g: (1 + 1e-7) * g),
    "varies from entry to entry": lambda: check_block(lambda g: g * np.linspace(1.5, 1.6, g.size).reshape(g.shape)),
    "varies with the point": lambda: check_block(lambda g: g * np.abs(g).max()),
    "a count of samples": lambda: check_model(lambda g: {k: 7 * v for k, v in g.items()}),
    "minus one": lambda: check_block(np.negative),
    "zero": lambda: check_block(np.zeros_like),
}


@pytest.mark.parametrize("check", WRONG.values(), ids=WRONG)
def test_it_is_named(check: Any) -> None:
    report = check()
    assert report.verdict.value == "fail"
    assert slugs(report)[0] == SLUG


@pytest.mark.parametrize("check", NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_a_near_miss_is_not_named(check: Any) -> None:
    assert SLUG not in slugs(check())


def test_the_constant_is_shown() -> None:
    (finding,) = check_block(lambda g: 2.5 * g).findings
    assert finding.message.startswith("2.5 times the right gradient (5/2)")
    assert "the factor is 2.5 ±" in finding.evidence


class InPlace:
    """Σ u sin w for an array w that stays in its narrow type, with a constant times its gradient u cos w."""

    def __init__(self, factor: float, dtype: Any, shape: tuple[int, ...]) -> None:
        rng = np.random.default_rng(0)
        self.w, self.u = rng.uniform(-1, 1, shape).astype(dtype), rng.standard_normal(shape)
        self.factor = factor

    @property
    def params(self) -> dict[str, Any]:
        return {"w": self.w}

    def loss(self) -> float:
        return float(np.sum(self.u * np.sin(self.w)))

    def gradient(self) -> dict[str, Any]:
        return {"w": (self.factor * self.u * np.cos(self.w)).astype(self.w.dtype)}


@pytest.mark.parametrize("shape", [(7,), (5, 5), (9, 11)])
@pytest.mark.parametrize(
    ("factor", "slug"), [(2.0, SLUG), (0.5, SLUG), (3.0, SLUG), (2.3, SLUG), (-1.0, "sign-flipped"), (1.0, None)]
)
@pytest.mark.parametrize("seed", range(3))
def test_it_is_named_in_float16(factor: float, slug: str | None, shape: tuple[int, ...], seed: int) -> None:
    """Only some of the entries can be proved wrong there: they are no list of the wrong ones."""
    report = gradcheck.check_gradients(InPlace(factor, np.float16, shape), rng=seed)
    assert slugs(report) == ([slug] if report.verdict.value == "fail" else [])
    if factor != 0.5:  # too little at a tolerance of 0.6 to be proved each time
        assert report.verdict.value == ("pass" if slug is None else "fail")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("factor", [2.0, 0.5, 10.0])
def test_it_is_named_however_much_is_tolerated(dtype: Any, factor: float) -> None:
    report = gradcheck.check_gradients(InPlace(factor, dtype, (5, 6)), rng=0, rtol=0.05)
    assert slugs(report) == [SLUG]


def test_a_factor_is_shown_with_the_digits_that_are_known() -> None:
    (finding,) = gradcheck.check_gradients(InPlace(2.0, np.float16, (5, 5)), rng=0).findings
    assert finding.message.startswith("2 times the right gradient")


@pytest.mark.parametrize("shape", [(1,), (6,), (3, 3), (12,)])
@pytest.mark.parametrize("seed", [0, 5])  # a second point that is too near is drawn for one seed in ten
def test_a_factor_that_depends_on_the_point_is_not_named_in_float32(shape: tuple[int, ...], seed: int) -> None:
    """A gradient divided by its norm: between near points that is nearly a constant."""
    assert SLUG not in slugs(check_block(lambda g: g / np.linalg.norm(g), shape, np.float32, seed))
