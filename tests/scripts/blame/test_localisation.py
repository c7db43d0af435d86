"""The faulty line of a backward pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scripts.planted import analysed, planted
from tests.scripts.samples import TWO_LAYERS


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("dout = out - y", "dout = (out - y) * out"),
        ("dW2 = h.T @ dout", "dW2 = z.T @ dout"),
        ("dh = dout @ W2.T", "dh = dout @ W2.T * 0.5 * h"),
        ("dz = dh * (1 - h**2)", "dz = dh * (1 - h)"),
        ("dW1 = x.T @ dz", "dW1 = x.T @ dh"),
        ("db1 = dz.sum(axis=0)", "db1 = dz[0]"),
    ],
)
def test_one_wrong_line_is_the_only_faulty_one(right: str, wrong: str, tmp_path: Path) -> None:
    text, line = planted(TWO_LAYERS, right, wrong)
    localisation = analysed(tmp_path, text).localise()
    assert [found.location.line for found in localisation.lines] == [line]
    assert localisation.wrong


def test_a_right_program_has_no_faulty_line(tmp_path: Path) -> None:
    localisation = analysed(tmp_path, TWO_LAYERS).localise()
    assert localisation.lines == ()
    assert localisation.is_related()


def test_two_wrong_lines_are_both_faulty(tmp_path: Path) -> None:
    text, first = planted(TWO_LAYERS, "dW2 = h.T @ dout", "dW2 = z.T @ dout")
    text, second = planted(text, "dW1 = x.T @ dz", "dW1 = x.T @ dh")
    assert {found.location.line for found in analysed(tmp_path, text).localise().lines} == {first, second}


def test_the_wrong_term_of_a_sum_is_the_faulty_line(tmp_path: Path) -> None:
    text = TWO_LAYERS.replace(
        "loss = 0.5 * np.sum((out - y) ** 2)", "loss = 0.5 * np.sum((out - y) ** 2) + np.sum(h**2)"
    )
    text = text.replace("dh = dout @ W2.T", "dh1 = dout @ W2.T\n    dh2 = 2 * h\n    dh = dh1 + dh2")
    assert analysed(tmp_path, text).localise().lines == ()
    text, line = planted(text, "dh2 = 2 * h", "dh2 = 2 * z")
    (found,) = analysed(tmp_path, text).localise().lines
    assert found.location.line in (line, line + 1)


def test_lines_that_are_right_are_cleared(tmp_path: Path) -> None:
    text, _ = planted(TWO_LAYERS, "dz = dh * (1 - h**2)", "dz = dh * (1 - h)")
    localisation = analysed(tmp_path, text).localise()
    by_name = {pair.node.label: pair.node.location for pair in localisation.pairs.values()}
    assert localisation.is_cleared(by_name["dout"])
    assert not localisation.is_cleared(by_name["dz"])
    assert localisation.fails_at(by_name["dz"])
    assert not localisation.fails_at(by_name["dout"])
