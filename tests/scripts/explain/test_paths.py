"""Adjoints that leave out part of the chain rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.scripts.explain.paths import PartialPath, find_partial_path
from tests.scripts.planted import analysed, planted
from tests.scripts.samples import TWO_LAYERS

PENALTY = TWO_LAYERS.replace("np.sum((out - y) ** 2)", "np.sum((out - y) ** 2) + 0.05 * np.sum(W1 * W1)")
PENALTY = PENALTY.replace("dW1 = x.T @ dz", "dW1 = x.T @ dz + 0.1 * W1")

TWO_PATHS = TWO_LAYERS.replace("out = h @ W2", "side = 0.3 * h**2\n    out = (h + side) @ W2")
TWO_PATHS = TWO_PATHS.replace("dW2 = h.T", "dW2 = (h + side).T").replace(
    "dh = dout @ W2.T", "dh = (dout @ W2.T) * (1 + 0.6 * h)"
)

CENTRED = TWO_LAYERS.replace("h = np.tanh(z)", "centre = z.mean(axis=0)\n    h = z - centre").replace(
    "dz = dh * (1 - h**2)", "dz = dh - dh.mean(axis=0)"
)


def path(folder: Path, text: str, name: str) -> PartialPath | None:
    analysis = analysed(folder, text)
    pair = next(p for p in analysis.localise().pairs.values() if p.node.label == name)
    return find_partial_path(analysis.graph, analysis.chain, analysis.forward, pair)


@pytest.mark.parametrize(
    ("text", "right", "wrong", "slug", "part"),
    [
        (PENALTY, "dW1 = x.T @ dz + 0.1 * W1", "dW1 = x.T @ dz", "regulariser-missing", "0.1 * W1"),
        (TWO_LAYERS, "dW1 = x.T @ dz", "dW1 = x.T @ dz + 0.2 * W1", "regulariser-extra", "0.2 * W1"),
        (TWO_PATHS, "(dout @ W2.T) * (1 + 0.6 * h)", "dout @ W2.T", "missing-path", "side"),
        (CENTRED, "dz = dh - dh.mean(axis=0)", "dz = dh * 1.0", "statistics-held-constant", "centre"),
        (TWO_LAYERS, "db1 = dz.sum(axis=0)", "db1 = dz[-1]", "partial-batch", "last of 9"),
    ],
)
def test_what_is_left_out_is_named(text: str, right: str, wrong: str, slug: str, part: str, tmp_path: Path) -> None:
    name = right.split(" =")[0] if " = " in right else "dh"
    found = path(tmp_path, planted(text, right, wrong)[0], name)
    assert found is not None
    assert found.slug == slug
    assert part in found.message


def test_another_mistake_leaves_out_nothing(tmp_path: Path) -> None:
    assert path(tmp_path, planted(TWO_LAYERS, "dW1 = x.T @ dz", "dW1 = x.T @ dh")[0], "dW1") is None
