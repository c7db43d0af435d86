"""Results reach any stream, or it is said why not; nothing that happens on the way ends the program."""

from __future__ import annotations

import gc
import io
import json
import sys
from pathlib import Path

import pytest

from gradcheck.app.terminal import appearance, printing_to_stderr, say, write

TEXT = "größe ‖x‖ ± 2 \udce9 重"


def stream_of(monkeypatch: pytest.MonkeyPatch, encoding: str, name: str = "stdout") -> io.BytesIO:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, name, io.TextIOWrapper(raw, encoding=encoding, newline="\n"))
    return raw


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "latin-1", "utf-8"])
def test_every_encoding_gets_text_that_can_be_read(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    raw = stream_of(monkeypatch, encoding)
    assert write(TEXT) is None
    shown = raw.getvalue().decode(encoding)
    assert shown.endswith("\n")
    assert "\\udce9" in shown
    assert ("größe" in shown) == (encoding != "ascii")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_json_has_the_same_value_in_every_encoding(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    raw = stream_of(monkeypatch, encoding)
    assert write(json.dumps({"name": TEXT}, ensure_ascii=False), kind="json") is None
    assert json.loads(raw.getvalue().decode(encoding)) == {"name": TEXT}


def test_markup_is_ascii_where_the_encoding_is_not_unicode(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = stream_of(monkeypatch, "cp1252")
    write("<p>ö</p>", kind="markup")
    assert raw.getvalue() == b"<p>&#246;</p>\n"


def test_a_file_is_utf8_with_plain_ends_of_lines(tmp_path: Path) -> None:
    path = tmp_path / "r.txt"
    assert write(TEXT, path) is None
    assert path.read_bytes() == "größe ‖x‖ ± 2 \\udce9 重\n".encode()
    trouble = write(TEXT, tmp_path / "no" / "r.txt")
    assert trouble is not None
    assert trouble.endswith("No such file or directory")


class Full(io.StringIO):
    """A stream without room."""

    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


class Closed(io.StringIO):
    """A pipe whose reader has gone."""

    def flush(self) -> None:
        raise BrokenPipeError(32, "Broken pipe")


def test_a_full_disk_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Full())
    assert write("text") == "standard output: No space left on device"


def test_a_reader_that_has_gone_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Closed())
    assert write("text") is None


@pytest.mark.parametrize("stream", [None, Full(), Closed()])
def test_messages_never_raise(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO | None) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(sys, "stdout", None)
    say("message")
    assert write("text") is None


def test_what_a_program_prints_goes_to_standard_error_or_nowhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        with printing_to_stderr():
            print("printed", flush=True)
            assert sys.stdout.encoding == sys.stderr.encoding
        gc.collect()
    assert capsys.readouterr() == ("", "printed\n" * 2)
    assert not sys.stderr.closed
    for stream in (None, Full(), Closed()):
        monkeypatch.setattr(sys, "stderr", stream)
        with printing_to_stderr():
            print("dropped", flush=True)


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("terminal", "environment", "colour"),
    [
        (True, {}, True),
        (False, {}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
    ],
)
def test_colour(monkeypatch: pytest.MonkeyPatch, terminal: bool, environment: dict[str, str], colour: bool) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR", "TERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", Terminal() if terminal else io.StringIO())
    assert appearance().colour is colour
    assert appearance(Path("file")).colour is False


def test_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.delenv("COLUMNS", raising=False)
    assert appearance().width is None
    for columns, width in (("5", 20), ("64", 64), ("wide", None)):
        monkeypatch.setenv("COLUMNS", columns)
        assert appearance().width == width
