"""Runs the commands of a tutorial page, as a reader would type them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

PAGES = Path(__file__).parents[2] / "docs" / "tutorials"

#: Variables that would change what is printed.
_SET_BY_OTHERS = ("GITHUB_ACTIONS", "GITHUB_WORKSPACE", "CI_PROJECT_DIR", "COLUMNS", "FORCE_COLOR", "NO_COLOR")


def page(name: str) -> str:
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    """The code blocks of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page(name), re.MULTILINE | re.DOTALL)


def commands(name: str) -> list[str]:
    """The commands of a page, in their order."""
    return re.findall(r"^\$ gradcheck (.+)$", page(name), re.MULTILINE)


def typed(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of gradcheck in a folder."""
    variables = {name: value for name, value in os.environ.items() if name not in _SET_BY_OTHERS}
    return subprocess.run(
        [sys.executable, "-m", "gradcheck", *shlex.split(command)],
        cwd=folder,
        env={**variables, **environment},
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
