"""The lines that explain gradients which are off by a constant."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scripts.planted import analysed, planted
from tests.scripts.samples import TWO_LAYERS


@pytest.mark.parametrize(
    ("right", "wrong", "constant"),
    [
        ("dout = out - y", "dout = -(out - y)", -1.0),
        ("dW2 = h.T @ dout", "dW2 = h.T @ dout / 9", 1 / 9),
        ("dz = dh * (1 - h**2)", "dz = 2 * dh * (1 - h**2)", 2.0),
        ("dh = dout @ W2.T", "dh = 0.5 * (dout @ W2.T)", 0.5),
    ],
)
def test_the_line_that_brings_in_the_constant_is_found(right: str, wrong: str, constant: float, tmp_path: Path) -> None:
    text, line = planted(TWO_LAYERS, right, wrong)
    (found,) = analysed(tmp_path, text).localise().lines
    assert found.location.line == line
    assert found.constant == pytest.approx(constant, rel=1e-6)


def test_a_constant_that_a_later_line_makes_up_for_is_not_wrong(tmp_path: Path) -> None:
    text = TWO_LAYERS.replace("dout = out - y", "dout = 9 * (out - y)").replace("lr *", "lr / 9 *")
    localisation = analysed(tmp_path, text).localise()
    assert localisation.lines == ()
    assert len(localisation.right) == 3
