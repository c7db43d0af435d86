"""A job of continuous integration: its files parse, its commands run, and its messages have places."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.app.test_check_target import SCRIPT
from tests.doors.sessions import blocks, commands, typed

ROOT = Path(__file__).parents[2]

MODEL = """
import numpy as np


def build():
    return (lambda x: float(x @ x)), (lambda x: 2 * x), np.ones(3)
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name, text in (("src/model.py", MODEL), ("scripts/train.py", SCRIPT.format("2 * w"))):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_commands_run_and_the_messages_are_annotations(repository: Path) -> None:
    check, sarif, write = commands("ci")
    found = typed(check, repository, GITHUB_ACTIONS="true", GITHUB_WORKSPACE=str(repository))
    assert found.returncode == 1
    (message,) = [line for line in found.stdout.splitlines() if line.startswith("::")]
    assert re.match(r"::error file=scripts/train\.py,line=\d+,col=5,title=gradcheck%3A GC\d{3} ", message)

    assert typed(sarif, repository).returncode == 1
    assert json.loads((repository / "gradients.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"

    assert typed(write, repository).returncode == 0
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "src/test_model.py"]
    assert subprocess.run(command, cwd=repository, capture_output=True, check=False).returncode == 0


def test_the_problem_matcher_matches_what_is_printed(repository: Path) -> None:
    (matcher,) = blocks("ci", "json")
    (pattern,) = json.loads(matcher)["problemMatcher"][0]["pattern"]
    line = typed("check scripts/train.py --format concise", repository).stdout.rstrip("\n")
    found = re.match(pattern["regexp"], line)
    assert found is not None
    assert [found[pattern[name]] for name in ("file", "column")] == ["scripts/train.py", "5"]
    assert re.fullmatch(r"GC\d{3}", found[pattern["code"]])


def test_the_files_of_services_parse_and_call_existing_commands() -> None:
    yaml: Any = pytest.importorskip("yaml")
    github, gitlab, hooks = map(yaml.safe_load, blocks("ci", "yaml"))
    steps = [step.get("run", "") for step in github["jobs"]["gradients"]["steps"]]
    assert f"gradcheck {commands('ci')[0]}" in steps
    assert any(line.startswith("gradcheck check ") for line in gitlab["gradients"]["script"])
    assert gitlab["gradients"]["artifacts"]["reports"]["codequality"] in gitlab["gradients"]["script"][1]
    (offered,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert offered["id"] == hooks["repos"][0]["hooks"][0]["id"] == "gradcheck"
    assert offered["entry"] == "gradcheck check"
