"""What a conjugate explains, and what it must not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import check_gradients
from gradcheck.diagnosis.mistakes.not_conjugated import conjugated

Z = np.random.default_rng(0).normal(size=(4, 3)) + 1j * np.random.default_rng(1).normal(size=(4, 3))


def value(z: Any) -> float:
    return float(np.sum((z**3).real))


def slope(z: Any) -> Any:
    """By the real part, plus i times that by the imaginary part."""
    return np.conj(3 * z**2)


def slugs(grad: Any, x0: Any = Z, fun: Any = value) -> list[str]:
    report = check_gradients(fun, grad, x0, rng=0)
    assert report.verdict.value == "fail"
    return [finding.slug for finding in report.findings]


def test_the_conjugate_is_explained() -> None:
    assert check_gradients(value, slope, Z, rng=0).verdict.value == "pass"
    assert slugs(lambda z: slope(z).conj()) == ["not-conjugated"]
    nested = {"z": Z, "r": np.ones(2)}
    found = slugs(
        lambda p: {"z": slope(p["z"]).conj(), "r": 2 * p["r"]}, nested, lambda p: value(p["z"]) + float(p["r"] @ p["r"])
    )
    assert found == ["not-conjugated"]


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_at_any_scale(scale: float) -> None:
    found = slugs(lambda z: scale * slope(z).conj(), fun=lambda z: scale * value(z))
    assert found == ["not-conjugated"]


def test_other_mistakes_are_not() -> None:
    assert slugs(lambda z: -slope(z)) == ["sign-flipped"]
    assert slugs(lambda z: 0.5 * slope(z)) == ["constant-factor"]
    assert "not-conjugated" not in slugs(lambda z: slope(z).real + 0j)
    assert "not-conjugated" not in slugs(lambda z: np.where(np.arange(3) == 1, slope(z).conj(), slope(z)))


def test_pairs_of_real_parameters_are_not_complex() -> None:
    """The same numbers as a real array of the same shape: a sign of the last column."""

    def fun(x: Any) -> float:
        return value(x[..., 0] + 1j * x[..., 1])

    def grad(x: Any) -> Any:
        found = slope(x[..., 0] + 1j * x[..., 1])
        return conjugated(np.stack([found.real, found.imag], axis=-1))

    assert "not-conjugated" not in slugs(grad, np.stack([Z.real, Z.imag], axis=-1), fun)


def test_a_conjugate_twice_is_none() -> None:
    pairs = np.random.default_rng(2).normal(size=(3, 2)).astype(np.float32)
    assert conjugated(pairs).dtype == np.float32
    np.testing.assert_array_equal(conjugated(conjugated(pairs)), pairs)
    np.testing.assert_array_equal(conjugated(pairs)[:, 1], -pairs[:, 1])
