"""Networks whose weights are numbers in lists: each update has an input of its own as a factor."""

from __future__ import annotations

from pathlib import Path

from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import blamed, checked, planted

#: More inputs than there are factors of which all choices are tried.
_NODES = """\
import math
import random

random.seed(3)
rows = [([random.uniform(-1, 1) for _ in range(9)], random.choice([0.0, 1.0])) for _ in range(6)]
layers = [[{"w": [random.uniform(-1, 1) for _ in range(9)]} for _ in range(3)], [{"w": [0.3, -0.2, 0.5]}]]


def forward(x):
    for layer in layers:
        new = []
        for node in layer:
            node["out"] = 1.0 / (1.0 + math.exp(-sum(a * b for a, b in zip(node["w"], x))))
            new.append(node["out"])
        x = new
    return x


def train(rate):
    for epoch in range(20):
        for x, t in rows:
            forward(x)
            top = layers[1][0]
            error = top["out"] - t
            top["d"] = error * top["out"] * (1 - top["out"])
            for j, node in enumerate(layers[0]):
                node["d"] = top["w"][j] * top["d"] * node["out"] * (1 - node["out"])
            for i, layer in enumerate(layers):
                inputs = x if i == 0 else [node["out"] for node in layers[0]]
                for node in layer:
                    for j, value in enumerate(inputs):
                        node["w"][j] += -rate * node["d"] * value


train(0.1)
"""


def test_an_input_is_no_rate(tmp_path: Path) -> None:
    report = checked(tmp_path, _NODES)
    assert report.verdict is Verdict.PASS
    assert len(report.blocks) == 9 * 3 + 3


def test_a_wrong_line_of_such_a_network_is_found(tmp_path: Path) -> None:
    text, line = planted(_NODES, 'top["w"][j] * top["d"] * node["out"]', 'top["w"][0] * top["d"] * node["out"]')
    report = checked(tmp_path, text)
    assert report.verdict is Verdict.FAIL
    assert blamed(report) - {None} <= {line}


def test_an_input_without_its_sign_is_wrong(tmp_path: Path) -> None:
    text = planted(_NODES, 'node["d"] * value', 'node["d"] * abs(value)')[0]
    assert checked(tmp_path, text).verdict is Verdict.FAIL
