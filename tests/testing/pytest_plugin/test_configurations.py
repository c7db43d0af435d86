"""The plugin beside other plugins and options: the same outcomes, sections and properties as without them.

Only in the nightly profile; a plugin that is not installed is skipped. Each session loads that plugin alone.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from tests.testing.pytest_plugin.conftest import HEAD, LOSSES, ROOT

#: For each configuration the plugin that it needs, arguments of Python, and arguments of pytest.
CONFIGURATIONS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "xdist": ("xdist.plugin", (), ("-n", "2")),
    "xdist, by file": ("xdist.plugin", (), ("-n", "2", "--dist", "loadfile")),
    "xdist, one worker": ("xdist.plugin", (), ("-n", "1")),
    "randomly": ("pytest_randomly", (), ()),
    "randomly, another order": ("pytest_randomly", (), ("-p", "pytest_randomly", "--randomly-seed=7")),
    "rerunfailures": ("pytest_rerunfailures", (), ("--reruns", "1")),
    "timeout": ("pytest_timeout", (), ("--timeout", "120")),
    "timeout in a thread": ("pytest_timeout", (), ("--timeout", "120", "--timeout-method", "thread")),
    "cov": ("pytest_cov.plugin", (), ("--cov", "losses")),
    "cov of branches": ("pytest_cov.plugin", (), ("--cov", "losses", "--cov-branch")),
    "benchmark": ("pytest_benchmark.plugin", (), ()),
    "html": ("pytest_html.plugin", (), ("-p", "pytest_metadata.plugin", "--html", "report.html")),
    "json-report": ("pytest_jsonreport.plugin", (), ("-p", "pytest_metadata.plugin", "--json-report")),
    "allure": ("allure_pytest.plugin", (), ("--alluredir", "allure")),
    "asyncio": ("pytest_asyncio.plugin", (), ()),
    "instafail": ("pytest_instafail", (), ("--instafail",)),
    "sugar": ("pytest_sugar", (), ()),
    "subtests": ("pytest_subtests.plugin", (), ()),
    "several times": ("pytest_repeat", (), ()),
    "forked": ("pytest_forked", (), ("--forked",)),
    "random order": ("random_order.plugin", (), ("--random-order",)),
    "mock": ("pytest_mock", (), ()),
    "clarity": ("pytest_clarity.plugin", (), ()),
    "rerunfailures and xdist": ("pytest_rerunfailures", (), ("-p", "xdist.plugin", "-n", "2", "--reruns", "1")),
    "importlib": ("", (), ("--import-mode", "importlib")),
    "prepend": ("", (), ("--import-mode", "prepend")),
    "append": ("", (), ("--import-mode", "append")),
    "warnings are errors": ("", ("-W", "error"), ("-W", "error")),
    "development mode": ("", ("-X", "dev"), ()),
    "plain asserts": ("", (), ("--assert", "plain")),
    "short tracebacks": ("", (), ("--tb", "short")),
    "no capture": ("", (), ("-s",)),
    "capture of sys": ("", (), ("--capture", "sys")),
    "verbose": ("", (), ("-vv",)),
    "failed first": ("", (), ("--ff",)),
    "quiet": ("", (), ("-q", "-q", "--no-header", "--no-summary")),
    "last failed": ("", (), ("--lf",)),
    "doctests of modules": ("", (), ("--doctest-modules",)),
    "strict": ("", (), ("--strict-config", "--strict-markers")),
}

#: Options of the plugin that remembers which tests failed.
NEED_CACHE = {"--ff", "--lf"}

#: Configurations that cannot run, here: pytest-forked 1.7 ends every test of pytest 9, also without gradcheck.
UNABLE = {"forked"} if pytest.version_tuple >= (9,) else set()

SUITE = """
import unittest
from hypothesis import given, settings, strategies as st
from gradcheck.testing import LayerContract


def test_passes():
    assert gradcheck.check_gradients(loss, right, POINT, rng=1)


def test_fails():
    assert gradcheck.check_gradients(loss, doubled, POINT, rng=2)


def test_raises():
    gradcheck.assert_gradients(loss, doubled, POINT, rng=3)


def test_undecided():
    assert gradcheck.check_gradients(noisy, right, POINT, rng=4)


@pytest.fixture(scope="module")
def shared():
    return gradcheck.check_gradients(loss, doubled, POINT, rng=5)


def test_shared(shared):
    assert shared.blocks


def test_shared_too(shared):
    assert shared


@settings(max_examples=3, derandomize=True, database=None, deadline=None)
@given(st.integers(1, 3))
def test_given(seed):
    gradcheck.assert_gradients(loss, doubled, POINT, rng=seed)


class TestUnit(unittest.TestCase):
    def test_unit(self):
        gradcheck.assert_gradients(loss, doubled, POINT, rng=6)


class Half:
    def forward(self, x):
        return x / 2

    def backward(self, upstream):
        return upstream


class TestHalf(LayerContract):
    max_size = 2

    def layer(self, shape):
        return Half()


def test_nothing():
    pass
"""


def outcome(folder: Path, python: tuple[str, ...], options: tuple[str, ...]) -> dict[str, Any]:
    """For each test its outcome, its properties without times, and whether its message has the seed."""
    (folder / "losses.py").write_text(LOSSES)
    (folder / "test_user.py").write_text(HEAD + SUITE)
    (folder / "pytest.ini").write_text("[pytest]\n")
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "CI": "1",
    }
    command = [sys.executable, *python, "-m", "pytest", "-p", "gradcheck.testing.pytest_plugin", *options]
    command += [] if NEED_CACHE & set(options) else ["-p", "no:cacheprovider"]
    subprocess.run([*command, "--junitxml=j.xml"], cwd=folder, env=environment, capture_output=True, check=False)
    found = {}
    for case in ElementTree.parse(folder / "j.xml").iter("testcase"):
        properties = {each.attrib["name"]: each.attrib["value"] for each in case.iter("property")}
        kept = {name: value for name, value in properties.items() if name.startswith("gradcheck_")}
        kept.pop("gradcheck_seconds", None)
        failures = list(case.iter("failure"))
        texts = [failure.text or "" for failure in failures]
        found[case.attrib["name"]] = (len(failures), kept, [f"rng={kept.get('gradcheck_seed')}" in t for t in texts])
    return found


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    found = outcome(tmp_path_factory.mktemp("usual"), (), ())
    assert sum(failures for failures, _, _ in found.values()) == 11
    return found


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_outcome_is_the_usual_one(name: str, tmp_path: Path, usual: dict[str, Any]) -> None:
    plugin, python, options = CONFIGURATIONS[name]
    if name in UNABLE:
        pytest.skip(f"{plugin} does not run under pytest {pytest.__version__}")
    if plugin and importlib.util.find_spec(plugin.partition(".")[0]) is None:
        pytest.skip(f"{plugin} is not installed")
    assert outcome(tmp_path, python, (*(("-p", plugin) if plugin else ()), *options)) == usual


def test_optimised_python_checks_as_well(tmp_path: Path, usual: dict[str, Any]) -> None:
    """Without assert statements only what raises can fail."""
    found = outcome(tmp_path, ("-O",), ())
    for name in ("test_raises", "test_given", "test_unit", "test_gradient_by_the_input"):
        assert found[name] == usual[name]
    assert found["test_fails"][1] == usual["test_fails"][1]
