"""A project in an environment of its own, into which the built wheel is installed."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.testing.pytest_plugin.conftest import HEAD, LOSSES

ROOT = Path(__file__).parents[3]

#: Builds the wheel without a network: with the backend that is there, if it is.
BUILD = "import sys, hatchling.build; print(hatchling.build.build_wheel(sys.argv[1]))"

needs_backend = pytest.mark.skipif(
    importlib.util.find_spec("hatchling") is None, reason="hatchling, which builds the wheel, is not installed"
)


def run(*command: str | Path, cwd: Path) -> str:
    """What a command prints."""
    hidden = ("PYTEST_XDIST", "PYTEST_ADDOPTS", "PYTHONPATH")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env={**environment, "COLUMNS": "80"}, capture_output=True, text=True
    )
    return done.stdout + done.stderr


@needs_backend
def test_wheel_in_a_fresh_environment(tmp_path: Path) -> None:
    """The entry point is found, and a failing test has its section; dependencies come from this environment."""
    name = run(sys.executable, "-c", BUILD, tmp_path, cwd=ROOT).split()[-1]
    assert name.endswith(".whl")
    with zipfile.ZipFile(tmp_path / name) as wheel:
        (points,) = [each for each in wheel.namelist() if each.endswith("entry_points.txt")]
        assert "[pytest11]\ngradcheck = gradcheck.testing.pytest_plugin\n" in wheel.read(points).decode()

    run(sys.executable, "-m", "venv", "--without-pip", "fresh", cwd=tmp_path)
    python = tmp_path / "fresh" / "bin" / "python"
    install = ("install", "--no-deps", "--no-index", tmp_path / name)
    run(sys.executable, "-m", "pip", "--python", python, *install, cwd=tmp_path)
    (site,) = (tmp_path / "fresh").glob("lib/python*/site-packages")
    (site / "rest.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")

    project = tmp_path / "project"
    project.mkdir()
    (project / "losses.py").write_text(LOSSES, encoding="utf-8")
    (project / "test_user.py").write_text(
        HEAD + "\n\ndef test_wrong():\n    gradcheck.assert_gradients(loss, doubled, POINT, rng=41)\n"
        f"\n\ndef test_home():\n    assert gradcheck.__file__.startswith({str(site)!r})\n",
        encoding="utf-8",
    )
    text = run(python, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error", cwd=project)
    assert "1 failed, 1 passed" in text
    assert "- gradcheck -" in text
    assert "GC102" in text
    assert 'pytest "test_user.py::test_wrong" --gradcheck-seed 41' in text
    assert "worst resolution" in text
