"""What the plugin loads in a session without checks. benchmarks/plugin_cost.py measures how long that takes."""

from __future__ import annotations

import sys

import pytest

from tests.testing.pytest_plugin.conftest import Run

#: Writes the names of the modules that are loaded at the end of a session.
LOADED = """
import sys

def pytest_unconfigure(config):
    with open("loaded.txt", "w") as file:
        file.write(" ".join(sorted(sys.modules)))
"""


def loaded(pytester: pytest.Pytester, *options: str, body: str = "def test_one():\n    assert 1 == 2\n") -> set[str]:
    pytester.makeconftest(LOADED)
    pytester.makepyfile(test_plain=body)
    pytester.runpytest_subprocess("-p", "no:hypothesispytest", "-p", "no:xdist", *options)
    return set((pytester.path / "loaded.txt").read_text(encoding="utf-8").split())


def test_nothing_but_pytest_is_imported_until_a_check_runs(pytester: pytest.Pytester, run: Run) -> None:
    """Also if tests fail or are skipped, options and markers are given, and the fixture is requested."""
    body = (
        "import pytest\ndef test_one():\n    assert 1 == 2\ndef test_two():\n    pytest.skip()\n"
        "@pytest.mark.gradcheck(rtol=1e-3)\ndef test_three(gradcheck):\n    pass\n"
    )
    with_plugin = loaded(pytester, "--gradcheck-seed=3", body=body)
    without = loaded(pytester, "-p", "no:gradcheck")
    assert not with_plugin & {"numpy", "scipy", "rich", "click", "optree", "hypothesis"}
    assert "gradcheck.testing.pytest_plugin.hooks" in with_plugin
    more = {name for name in with_plugin - without if name.partition(".")[0] not in {"gradcheck", "_pytest"}}
    assert all(name.partition(".")[0] in sys.stdlib_module_names for name in more), more
    ours = {name for name in with_plugin if name.startswith("gradcheck") and "pytest_plugin" not in name}
    allowed = {"_names", "_version", "errors", "settings", "checks", "checks.observers", "testing"}
    assert ours <= {"gradcheck", *(f"gradcheck.{name}" for name in allowed)}
