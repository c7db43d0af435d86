"""Options from pyproject.toml."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from gradcheck.app.cli import check
from gradcheck.app.configuration import configured


def read(folder: Path, text: str) -> dict[str, object]:
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return configured(check, folder)


def test_options_by_their_long_names(tmp_path: Path) -> None:
    table = 'format = "csv"\njobs = 4\ntimeout = 60\nonly-wrong = true\nrtol = 1e-4\npair = ["W=dW"]\n'
    table += 'method = "complex"\n'
    assert read(tmp_path, "[tool.gradcheck]\n" + table) == {
        "form": "csv",
        "jobs": 4,
        "timeout": 60,
        "only_wrong": True,
        "rtol": 1e-4,
        "pairs": ["W=dW"],
        "method": "complex",
    }


def test_the_nearest_file_with_the_table_counts(tmp_path: Path) -> None:
    read(tmp_path, "[tool.gradcheck]\nseed = 1\n")
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert configured(check, inner) == {"seed": 1}
    (inner.parent / "pyproject.toml").write_text("[project]\n")
    assert configured(check, inner) == {"seed": 1}
    assert read(inner, "[tool.gradcheck]\nseed = 2\n") == {"seed": 2}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('formt = "csv"', "no option 'formt'; did you mean format?"),
        ("zzz = 1", "no option 'zzz'; the options are format, output"),
        ('seed = "a"', "seed = 'a': write a whole number"),
        ("jobs = true", "jobs = True: write a whole number"),
        ("jobs = 0", "jobs = 0: "),
        ("only-wrong = 1", "only-wrong = 1: write true or false"),
        ('format = "xml"', "format = 'xml': 'xml' is not one of"),
        ('method = "fast"', "method = 'fast': 'fast' is not one of"),
        ("loss = 1", "loss = 1: write a text"),
        ('pair = "W=dW"', "pair = 'W=dW': write a list of texts"),
        ("=", "pyproject.toml: Invalid"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_file(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(click.UsageError, match=r"pyproject\.toml") as caught:
        read(tmp_path, f"[tool.gradcheck]\n{line}\n")
    assert message in str(caught.value.message)
