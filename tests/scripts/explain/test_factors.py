"""Factors between a wrong adjoint and the right one."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.scripts.explain.factors import Factor, find_factor
from tests.scripts.planted import analysed, planted
from tests.scripts.samples import TWO_LAYERS

SIGMOID = TWO_LAYERS.replace("np.tanh(z)", "1 / (1 + np.exp(-z))").replace("(1 - h**2)", "h * (1 - h)")


def factor(folder: Path, text: str, name: str = "dz") -> Factor | None:
    analysis = analysed(folder, text)
    pair = next(p for p in analysis.localise().pairs.values() if p.node.label == name)
    return find_factor(analysis.graph, analysis.chain, analysis.forward, pair)


@pytest.mark.parametrize(
    ("text", "wrong", "slug", "part"),
    [
        (TWO_LAYERS, "dz = dh * 1.0", "missing-activation-derivative", "1 - h**2"),
        (TWO_LAYERS, "dz = dh * (1 - h**2) ** 2", "extra-activation-derivative", "1 - h**2"),
        (TWO_LAYERS, "dz = dh * (1 - z**2)", "derivative-at-wrong-argument", "1 - z**2"),
        (TWO_LAYERS, "dz = dh * h * (1 - h)", "wrong-activation-derivative", "h * (1 - h)"),
        (SIGMOID, "dz = dh * (1 - h**2)", "wrong-activation-derivative", "1 - h**2"),
    ],
)
def test_the_factor_is_named(text: str, wrong: str, slug: str, part: str, tmp_path: Path) -> None:
    right = next(line.strip() for line in text.splitlines() if line.strip().startswith("dz ="))
    found = factor(tmp_path, planted(text, right, wrong)[0])
    assert found is not None
    assert found.slug == slug
    assert part in found.message


def test_no_factor_explains_another_mistake(tmp_path: Path) -> None:
    assert factor(tmp_path, planted(TWO_LAYERS, "dz = dh * (1 - h**2)", "dz = dh * (1 - h**2) + 0.1 * h")[0]) is None


def test_a_parameter_goes_through_no_activation(tmp_path: Path) -> None:
    assert factor(tmp_path, planted(TWO_LAYERS, "dW1 = x.T @ dz", "dW1 = x.T @ dh")[0], "dW1") is None
