"""Which value is the adjoint of which variable."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck.scripts.chain_rule.pairs import AdjointPair
from tests.scripts.planted import analysed, planted
from tests.scripts.samples import TWO_LAYERS

RIGHT = {"dout": "out", "dW2": "W2", "dh": "h", "dz": "z", "dW1": "W1", "db1": "b1"}


def pairs(folder: Path, text: str) -> dict[str, AdjointPair]:
    pairing = analysed(folder, text).localise().pairing
    return {pair.node.label: pair for pair in pairing.pairs.values() if not pair.node.is_increment}


def test_each_value_has_its_variable(tmp_path: Path) -> None:
    found = pairs(tmp_path, TWO_LAYERS)
    assert {name: pair.variable.label for name, pair in found.items()} == RIGHT
    assert all(pair.ratio.right for pair in found.values())


def test_names_are_not_needed(tmp_path: Path) -> None:
    text = TWO_LAYERS
    for old, new in {"dout": "p", "dW2": "q", "dh": "r", "dz": "s", "dW1": "t", "db1": "u"}.items():
        text = text.replace(old, new)
    found = pairs(tmp_path, text)
    assert {found[name].variable.label for name in "pqrstu"} == set(RIGHT.values())


def test_a_misleading_name_does_not_decide(tmp_path: Path) -> None:
    found = pairs(tmp_path, TWO_LAYERS.replace("dz", "dq").replace("dh", "dz").replace("dq", "dh"))
    assert (found["dz"].variable.label, found["dh"].variable.label) == ("h", "z")


def test_a_wrong_value_is_paired_by_its_name(tmp_path: Path) -> None:
    text, _ = planted(TWO_LAYERS, "dz = dh * (1 - h**2)", "dz = dh * h")
    found = pairs(tmp_path, text)
    assert found["dz"].variable.label == "z"
    assert not found["dz"].proportional
    assert found["dW1"].ratio.right  # given dz


def test_a_deferred_constant_is_carried(tmp_path: Path) -> None:
    text = TWO_LAYERS.replace("dout = out - y", "dout = 5 * (out - y)").replace("lr *", "lr / 5 *")
    found = pairs(tmp_path, text)
    assert found["dz"].proportional
    assert found["dz"].scale == pytest.approx(5)


def test_the_user_may_name_the_derivative(tmp_path: Path) -> None:
    from gradcheck.scripts.hints import Hints

    analysis = analysed(tmp_path, TWO_LAYERS, Hints(pairs=(("h", "dh"),)))
    (pair,) = (p for p in analysis.localise().pairing.pairs.values() if p.node.label == "dh")
    assert pair.variable.label == "h"
