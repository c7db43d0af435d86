"""A user's project: a module of losses and gradients, right and wrong, for tests that import it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import hypothesis  # noqa: F401
import pytest

import gradcheck.checks.gradients
import gradcheck.diagnosis.attribution
import gradcheck.reports.json
import gradcheck.reports.text
from tests.profiles import NIGHTLY

#: What only the nightly profile collects.
collect_ignore = [] if NIGHTLY else ["test_configurations.py"]

#: The tree under test, which sessions in processes of their own import as well.
ROOT = Path(gradcheck.__file__).parents[1]

LOSSES = '''
import numpy as np

POINT = {"W": np.linspace(-1.0, 2.0, 12).reshape(3, 4), "b": np.linspace(0.5, 1.5, 4)}


def loss(p):
    return float(np.sum(np.logaddexp(p["W"], -p["W"])) + np.sum(np.cos(p["b"])))


def right(p):
    return {"W": np.tanh(p["W"]), "b": -np.sin(p["b"])}


def doubled(p):
    """The gradient with respect to W is twice the right one: GC102."""
    return {**right(p), "W": 2 * np.tanh(p["W"])}


def noisy(p):
    """The rounding error of a large constant is larger than all changes of the loss: undecided."""
    return loss(p) + 1e13
'''

#: First lines of a user's test file.
HEAD = """
import gradcheck
import pytest
from losses import POINT, doubled, loss, noisy, right
"""

#: Variables that change what pytest prints; its summary has whole messages in continuous integration.
OF_THIS_SESSION = ("PYTEST_XDIST", "PYTEST_ADDOPTS", "CI", "BUILD_NUMBER")

#: Runs pytest in the project.
Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Write a test file and run pytest on it with 80 columns; with `apart` in a process of its own."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(pytester.path), str(ROOT)]))
    for name in [name for name in os.environ if name.startswith(OF_THIS_SESSION)]:
        monkeypatch.delenv(name)
    pytester.makepyfile(losses=LOSSES)
    pytester.makeini("[pytest]\naddopts = --strict-config --strict-markers -p no:cacheprovider\nfilterwarnings = error")

    def start(body: str, *options: str, apart: bool = False) -> pytest.RunResult:
        pytester.makepyfile(test_user=HEAD + body)
        return (pytester.runpytest_subprocess if apart else pytester.runpytest_inprocess)(*options)

    return start
