"""Strategies for the types of gradcheck are registered with Hypothesis, without loading anything early."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

import gradcheck
from gradcheck import nn
from gradcheck.diagnosis.mistakes.mistake import Mistake
from gradcheck.nn.layer import Layer
from gradcheck.nn.losses.loss import Loss

afresh = settings(database=None, derandomize=True, phases=[Phase.generate])


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_importing_hypothesis_loads_next_to_nothing_of_ours() -> None:
    loaded = run(
        "import sys, hypothesis\n"
        "print(*sorted(m for m in sys.modules if m.startswith('gradcheck')), 'numpy' in sys.modules)"
    )
    assert loaded.split() == ["gradcheck", "gradcheck._hypothesis_entry", "gradcheck._names", "False"]


def test_importing_ours_loads_no_hypothesis() -> None:
    code = "import sys, gradcheck, gradcheck.nn.network\nprint('hypothesis' in sys.modules)"
    assert run(code).split() == ["False"]
    assert "strategies" in dir(gradcheck)


@pytest.mark.parametrize("first", ["hypothesis", "gradcheck.nn.network"])
def test_types_are_known_whatever_is_imported_first(first: str) -> None:
    output = run(
        f"import {first}\nfrom gradcheck.nn import Network\n"
        "from hypothesis import find, settings, Phase, strategies as st\n"
        "few = settings(database=None, phases=[Phase.generate])\n"
        "print(type(find(st.from_type(Network), lambda network: True, settings=few)).__name__)"
    )
    assert output.split() == ["DrawnNetwork"]


def test_without_hypothesis_the_extra_is_named() -> None:
    output = run("import sys; sys.modules['hypothesis'] = None\nimport gradcheck\ngradcheck.strategies")
    assert "ImportError: gradcheck.strategies needs Hypothesis" in output
    assert "pip install 'gradcheck[hypothesis]'" in output


@pytest.mark.parametrize("kind", [nn.Network, Layer, nn.Dense, nn.Activation, nn.GRU, Loss, nn.Triplet, Mistake])
def test_from_type(kind: type) -> None:
    assert isinstance(find(st.from_type(kind), lambda found: True, settings=afresh), kind)


def test_annotations_are_enough() -> None:
    seen = []

    @settings(afresh, max_examples=5)
    @given(...)
    def check(network: nn.Network, loss: nn.Loss) -> None:
        seen.append((network, loss))
        assert gradcheck.check_gradients(network, batch=network.batch)  # type: ignore[attr-defined]

    check()
    assert seen


def test_no_profile_is_loaded() -> None:
    before = "from hypothesis import settings; before = settings.default; names = set(settings._profiles)\n"
    after = "import gradcheck.strategies; print(settings.default == before, set(settings._profiles) == names)"
    assert run(before + after).split() == ["True", "True"]
