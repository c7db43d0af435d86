"""A file of evaluations: those of a check that was cut short are read by the next one, and not repeated."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import types
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TextIO

import numpy as np

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.subjects.subject import Subject

#: Of the first line of a file.
_FORMAT = "gradcheck journal 1"

#: The last line of the journal of a check that has ended.
_END = {"end": True}


@dataclass(frozen=True)
class FirstPart(os.PathLike[str]):
    """The path of the journal of a check that is the first part of another: `end` says that all of it has ended."""

    path: str

    def __fspath__(self) -> str:
        return self.path

    def end(self) -> None:
        """Mark the file as that of a check that has ended."""
        with Path(self.path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(_END) + "\n")


class PartedJournal:
    """The journal of a check of several parts: a file with the seed, and beside it one for each part.

    Parameters
    ----------
    path : str or os.PathLike
    seed : int
        Of this check, if the file has none.
    reproduce : bool
        Whether the seed of a check that did not end is taken from the file.

    Attributes
    ----------
    seed : int

    Raises
    ------
    SubjectError, SubjectTypeError
        If the file cannot be read or written, or is no journal.
    """

    def __init__(self, path: Any, seed: int, *, reproduce: bool) -> None:
        if not isinstance(path, (str, os.PathLike)):
            raise SubjectTypeError(f"journal is a {type(path).__qualname__}: pass the path of a file")
        self._path, self._parts = Path(path), list[FirstPart]()
        stored = stored_seed(path) if reproduce else None
        self.seed = seed if stored is None else stored
        if self._path.exists():
            _lines_of(self._path)
        try:
            header = {"format": _FORMAT, "of": "parts", "seed": self.seed}
            self._path.write_text(json.dumps(header) + "\n", encoding="utf-8")
        except OSError as error:
            raise SubjectError(f"journal: {self._path} cannot be written: {error.strerror}") from None

    def part(self, name: str) -> FirstPart:
        """The journal of one part."""
        found = FirstPart(f"{self._path}.{name}")
        self._parts += [found, FirstPart(f"{found.path}.gradient")]
        return found

    def end(self) -> None:
        """Mark all files as those of a check that has ended."""
        for part in self._parts:
            if Path(part.path).exists():
                part.end()
        FirstPart(str(self._path)).end()


class Journal:
    """Values of the loss, gradients and outputs by their points, in a file that grows by a line with each.

    The values at one point are read in the order in which they were computed: a loss that differs from call to call
    still does. A check that ends marks the file, and the next one starts it anew.

    Parameters
    ----------
    path : str or os.PathLike
    subject : Subject
        The file of another subject, or of functions that have changed since, is refused.
    seed : int
        Of this check, if the file has none.

    Attributes
    ----------
    seed : int
        That of the check whose evaluations are read, so that it comes to the same points.

    Raises
    ------
    SubjectError, SubjectTypeError
        If the file cannot be read or written, or is no journal of this check.
    """

    def __init__(self, path: Any, subject: Subject, seed: int) -> None:
        if not isinstance(path, (str, os.PathLike)):
            raise SubjectTypeError(f"journal is a {type(path).__qualname__}: pass the path of a file")
        self._path, self.seed, self._ends = Path(path), seed, not isinstance(path, FirstPart)
        self._known: dict[str, deque[Any]] = defaultdict(deque)
        header = {"format": _FORMAT, "of": _fingerprint(subject), "seed": seed}
        lines = self._lines(header)
        beside = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            kept = [{**header, "seed": self.seed}, *lines]  # without a line that was cut short
            beside.write_text("".join(f"{json.dumps(line)}\n" for line in kept), encoding="utf-8")
            beside.replace(self._path)
            self._file: TextIO = self._path.open("a", encoding="utf-8")
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise SubjectError(f"journal: {self._path} cannot be written: {error.strerror}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None and self._ends:
            self._write(_END)
        self._file.close()

    @staticmethod
    def key(tag: str, point: Iterable[Any]) -> str:
        """Of what is computed at a point; made before, since the user's function may write into the arrays."""
        return _key(tag, point)

    def loss(self, key: str) -> float | None:
        """The next value of the loss; None if it has to be computed."""
        found = self._next(key)
        return None if found is None else float.fromhex(found)

    def arrays(self, key: str) -> tuple[Any, ...] | None:
        """The next arrays; None if they have to be computed."""
        found = self._next(key)
        return None if found is None else tuple(map(_array, found))

    def add_loss(self, key: str, value: float) -> None:
        """Keep a value of the loss."""
        self._write({"at": key, "value": float(value).hex()})

    def add_arrays(self, key: str, arrays: Iterable[Any]) -> None:
        """Keep arrays."""
        self._write({"at": key, "value": [_packed(each) for each in arrays]})

    def _next(self, key: str) -> Any:
        waiting = self._known.get(key)
        return waiting.popleft() if waiting else None

    def _lines(self, header: dict[str, Any]) -> list[dict[str, Any]]:
        """The evaluations in the file, if it is of a check that did not end."""
        found = _lines_of(self._path) if self._path.exists() else []
        if not found or found[-1] == _END:
            return []
        if found[0]["of"] != header["of"]:
            raise SubjectError(
                f"journal: {self._path} is of another point or of other functions, or they have changed since: delete "
                "it, or pass the path of another file"
            )
        self.seed = found[0]["seed"]
        for line in found[1:]:
            self._known[line["at"]].append(line["value"])
        return found[1:]

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()


def stored_seed(path: Any) -> int | None:
    """The seed of a check that did not end, from its journal."""
    try:
        found = list(_objects(Path(path).read_text(encoding="utf-8")))
    except (OSError, TypeError, UnicodeDecodeError):
        return None  # said by `Journal`
    unfinished = bool(found) and found[0].get("format") == _FORMAT and found[-1] != _END
    return int(found[0]["seed"]) if unfinished else None


def _lines_of(path: Path) -> list[dict[str, Any]]:
    """The lines of a file. Raises `SubjectError` if it cannot be read, or is no journal."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise SubjectError(f"journal: {path} cannot be read: {reason}") from None
    found = list(_objects(text))
    if text and (not found or found[0].get("format") != _FORMAT):
        raise SubjectError(f"journal: {path} is no journal of gradcheck: pass the path of another file")
    return found


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The lines up to the first that is not whole."""
    for line in text.splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            return
        if not isinstance(found, dict):
            return
        yield found


def _key(tag: str, point: Iterable[Any]) -> str:
    digest = hashlib.sha256(tag.encode())
    for part in point:
        array = np.ascontiguousarray(part)
        digest.update(f"{array.dtype.str} {array.shape};".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _packed(array: Any) -> dict[str, Any]:
    array = np.asarray(array)
    return {
        "dtype": array.dtype.str,
        "shape": list(array.shape),
        "bytes": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii"),
    }


def _array(packed: dict[str, Any]) -> Any:
    flat = np.frombuffer(base64.b64decode(packed["bytes"]), dtype=np.dtype(packed["dtype"]))
    return flat.reshape(packed["shape"]).copy()


def _fingerprint(subject: Subject) -> str:
    """Of the names and shapes of the parameters, the point, and the code of the functions that are called first."""
    blocks = [f"{subject.name} {block.name} {block.shape} {block.dtype}" for block in subject.blocks]
    code = [part for function in subject.functions() for part in _code_of(function)]
    return _key("\n".join([*blocks, *code]), subject.point)


def _code_of(function: Any) -> Iterator[str]:
    function = getattr(function, "__func__", function)
    function = getattr(function, "__wrapped__", function)
    code = getattr(function, "__code__", None)
    if isinstance(code, types.CodeType):
        yield from _parts(code)


def _parts(code: types.CodeType) -> Iterator[str]:
    yield f"{code.co_name} {code.co_code.hex()} {code.co_names}"
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _parts(constant)
        else:
            yield repr(constant)
