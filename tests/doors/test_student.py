"""A student: the script that does not learn, from the first command to the corrected line."""

from __future__ import annotations

from pathlib import Path

from tests.doors.sessions import blocks, commands, page, typed


def test_the_session_ends_with_a_right_gradient(tmp_path: Path) -> None:
    (source,) = blocks("student", "python")
    script = tmp_path / "train.py"
    script.write_text(source)
    check, explain, fix, doctor = commands("student")

    found = typed(f"{check} --seed 1", tmp_path)
    assert found.returncode == 1
    shown = found.stdout.splitlines()
    (block,) = [text for text in blocks("student", "text") if text.startswith(f"$ gradcheck {check}\n")]
    # the table of lines and the finding are in the page as they are printed
    for line in block.splitlines()[10:]:
        assert line == "…" or line in shown, line

    assert typed(explain, tmp_path).stdout.startswith("# GC301 missing-activation-derivative")

    repaired = typed(fix, tmp_path)
    assert repaired.returncode == 0
    for line in ("-    dW1 = x.T @ dh", "+    dW1 = x.T @ da"):
        assert line in repaired.stdout.splitlines()
        assert line in page("student")
    assert "train.py: repaired, and checked again: pass" in repaired.stderr
    assert script.read_text() == source.replace("x.T @ dh", "x.T @ da")
    assert typed(check, tmp_path).returncode == 0
    assert doctor.startswith("doctor train.py")
