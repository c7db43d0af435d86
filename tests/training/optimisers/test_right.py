"""Right rules pass in whichever style they are written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck import nn
from gradcheck.training.optimisers.report import OptimiserReport
from tests.training.optimisers.right import NUMBERS, RIGHT


def checked(rule: Any, reference: Any = None, **options: Any) -> OptimiserReport:
    return gradcheck.check_optimiser(rule, reference, **options)


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("seed", [0, 1])
def test_right_rules_pass(name: str, seed: int) -> None:
    make, reference, how = RIGHT[name]
    report = checked(make(), reference, rng=seed, **how, **NUMBERS[reference])
    assert report, str(report)
    assert report.step is None
    assert report.mistake is None


@pytest.mark.parametrize("name", RIGHT)
def test_missing_hyperparameters_are_fitted(name: str) -> None:
    make, reference, how = RIGHT[name]
    report = checked(make(), reference, rng=0, **how)
    assert report, str(report)
    assert set(report.fitted) == set(NUMBERS[reference])
    for number, value in NUMBERS[reference].items():
        assert report.hyperparameters[number] == pytest.approx(value, rel=1e-6), number


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_right_rules_pass_in_single_precision(name: str, seed: int) -> None:
    make, reference, how = RIGHT[name]
    rng = np.random.default_rng(seed)
    params: Any = {key: rng.normal(size=(4, 5)).astype(np.float32) for key in ("w1", "w2")}
    params = list(params.values()) if "params" in how else params
    report = checked(make(), reference, rng=seed, **{**how, "params": params}, **NUMBERS[reference])
    assert report, str(report)
    assert report.dtype == "float32"


@pytest.mark.parametrize("kind", NUMBERS)
def test_the_optimisers_of_the_library_are_their_own_references(kind: str) -> None:
    optimiser = getattr(nn, kind)(**NUMBERS[kind])
    assert checked(optimiser, rng=0, **NUMBERS[kind])
    assert checked(optimiser, optimiser, rng=0)
    assert checked(optimiser, getattr(nn, kind), rng=0)
    assert optimiser.steps == 0


def drawn(kind: str, rng: np.random.Generator) -> dict[str, float]:
    """Hyperparameters over orders of magnitude."""
    ranges = {"rate": (-4, 0), "eps": (-10, -2), "weight_decay": (-4, 0), "smallest": (-9, -4), "largest": (0.5, 2)}
    shares = {"momentum": (0.1, 0.999), "decay": (0.3, 0.999), "beta1": (0.3, 0.98), "beta2": (0.7, 0.9997)}
    factors = {"shrink": (0.2, 0.9), "grow": (1.05, 1.5)}
    numbers = {}
    for name in NUMBERS[kind]:
        low, high = {**ranges, **shares, **factors}[name]
        numbers[name] = float(10 ** rng.uniform(low, high) if name in ranges else rng.uniform(low, high))
    return numbers


@pytest.mark.parametrize("kind", NUMBERS)
@pytest.mark.parametrize("seed", range(5))
def test_any_hyperparameters_are_fitted(kind: str, seed: int) -> None:
    numbers = drawn(kind, np.random.default_rng(seed))
    report = checked(getattr(nn, kind)(**numbers), rng=seed)
    assert report, str(report)
    seen = [name for name in numbers if name not in ("smallest", "largest")]  # those may not be reached
    assert [report.hyperparameters[name] for name in seen] == pytest.approx([numbers[n] for n in seen], rel=1e-6)


def test_adam_with_exchanged_betas_is_right_unless_they_are_given() -> None:
    numbers = {"rate": 0.0388, "beta1": 0.718, "beta2": 0.9955, "eps": 0.0095}
    assert checked(nn.Adam(**numbers), rng=107)
    swapped = numbers | {"beta1": numbers["beta2"], "beta2": numbers["beta1"]}
    assert checked(nn.Adam(**swapped), rng=107).mistake is None
    assert checked(nn.Adam(**swapped), rng=107, **numbers).mistake == "betas-exchanged"
