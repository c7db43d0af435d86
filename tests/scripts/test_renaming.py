"""Names decide nothing: programs with neutral names get the same verdicts."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from gradcheck.scripts.program import check_program
from gradcheck.verdicts.verdict import Verdict
from tests.scripts.planted import checked
from tests.scripts.programs import FOLDER, NAMES, variants
from tests.scripts.renaming import neutral


def source(name: str) -> str:
    return (FOLDER / f"{name}.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_no_name_of_the_program_is_left(name: str) -> None:
    before = {node.id for node in ast.walk(ast.parse(source(name))) if isinstance(node, ast.Name)}
    stored = {
        node.id
        for node in ast.walk(ast.parse(neutral(source(name))))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    assert stored
    assert not stored & before - {"_"}


def test_keys_that_are_put_together_stay_equal() -> None:
    text = neutral("p = {}\nfor k in ('W', 'b'):\n    p['d' + k] = 1\nprint('W', p['dW'], p.get('db'))\n")
    out: dict[str, object] = {}
    exec(text.replace("print(", "found = ("), out)
    assert out["found"][1:] == (1, 1)  # type: ignore[index]


@pytest.mark.parametrize("name", NAMES[::3])
def test_a_right_program_passes_under_any_names(name: str, tmp_path: Path) -> None:
    path = tmp_path / "train.py"
    path.write_text(neutral(source(name)), encoding="utf-8")
    report = check_program(path, rng=0)
    assert report.verdict is Verdict.PASS, str(report)
    assert not report.findings


@pytest.mark.parametrize("name", NAMES[2::6])
def test_a_wrong_program_fails_under_any_names(name: str, tmp_path: Path) -> None:
    variant = variants(name)[0]
    assert checked(tmp_path, neutral(variant.text)).verdict is Verdict.FAIL


@pytest.mark.parametrize("name", NAMES[1::6])
def test_lines_mistakes_and_repairs_are_the_same_under_any_names(name: str, tmp_path: Path) -> None:
    """Compared is the program without comments, so that its lines are those of the renamed one."""
    variant = variants(name)[-1]
    own, renamed = ast.unparse(ast.parse(variant.text)) + "\n", neutral(variant.text)
    assert own != renamed
    found = []
    for text in (own, renamed):
        report = checked(tmp_path, text)
        wrong = [line.line for line in report.lines if line.verdict is Verdict.FAIL]
        repairs = ["Write:" in (finding.fix or "") for finding in report.findings]
        found.append((wrong, [(finding.slug, finding.line) for finding in report.findings], repairs))
    assert found[0] == found[1]
    assert found[0][1]
