"""What takes the place of functions that reach outside the process while a step is replayed, so that it can go on.

A program that starts a command, asks a server or waits gets a plausible answer at once. What has no stand-in here is
refused by the guard.
"""

from __future__ import annotations

import atexit
import builtins
import contextlib
import functools
import getpass
import hashlib
import io
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from gradcheck.scripts.replay.guard import GUARD

#: Clocks, and the unit of what they return in seconds.
_CLOCKS = {
    "time": 1.0,
    "perf_counter": 1.0,
    "monotonic": 1.0,
    "process_time": 1.0,
    "thread_time": 1.0,
    "time_ns": 1e-9,
    "perf_counter_ns": 1e-9,
    "monotonic_ns": 1e-9,
    "process_time_ns": 1e-9,
}

#: What a clock advances by from one reading to the next, in seconds, so that nothing is divided by zero.
_TICK = 1e-3

#: Functions of matplotlib that would open a window, write a file or wait.
_PLOTTING = ("show", "pause", "draw", "savefig")

#: What every server answers, and where it is.
_ANSWER, _LOCAL = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "127.0.0.1"

_POPEN = subprocess.Popen


class Repeatable:
    """Clocks and sources of randomness that begin anew with each replay."""

    def __init__(self) -> None:
        self._started = {name: getattr(time, name)() for name in _CLOCKS if hasattr(time, name)}
        self.restart()

    def restart(self) -> None:
        """Begin anew."""
        self._readings, self._drawn = itertools.count(1), itertools.count()

    def stand_ins(self) -> list[tuple[Any, Any]]:
        """Functions, each with what takes its place."""
        found: list[tuple[Any, Any]] = [(getattr(time, name), self._clock(name)) for name in self._started]
        return [*found, (os.urandom, self._urandom)]

    def _clock(self, name: str) -> Callable[[], Any]:
        start, unit = self._started[name], _CLOCKS[name]

        def now() -> Any:
            return type(start)(start + next(self._readings) * _TICK / unit)

        return now

    def _urandom(self, size: int) -> bytes:
        """Bytes that look random, the same in each replay."""
        blocks = (hashlib.sha256(str(next(self._drawn)).encode()).digest() for _ in range(size // 32 + 1))
        return b"".join(blocks)[:size]


class Process:
    """A process that has ended well and said nothing."""

    def __init__(self, args: Any = (), *positional: Any, **options: Any) -> None:
        text = any(options.get(name) for name in ("text", "universal_newlines", "encoding", "errors"))
        make: Any = io.StringIO if text else io.BytesIO
        self.args, self.returncode, self.pid = args, 0, 1
        self.stdin, self.stdout, self.stderr = make(), make(), make()

    def __new__(cls, *args: Any, **options: Any) -> Any:
        """Outside replays, a process."""
        return super().__new__(cls) if GUARD.is_active else _POPEN(*args, **options)

    def __class_getitem__(cls, _: Any) -> type[Process]:
        return cls

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        """The process has ended already."""

    def communicate(self, input: Any = None, timeout: Any = None) -> tuple[Any, Any]:
        """No output."""
        return self.stdout.read(), self.stderr.read()

    def poll(self) -> int:
        """The exit status."""
        return 0

    def wait(self, timeout: Any = None) -> int:
        """The exit status, at once."""
        return 0

    def kill(self) -> None:
        """The process has ended already."""

    terminate = kill

    def send_signal(self, number: int) -> None:
        """The process has ended already."""


class Response(io.BytesIO):
    """An empty answer of a server."""

    status = code = 200
    reason = msg = "OK"
    headers: ClassVar[dict[str, str]] = {}
    url = ""

    def getcode(self) -> int:
        """The status."""
        return self.status

    def info(self) -> dict[str, str]:
        """The headers."""
        return self.headers

    def geturl(self) -> str:
        """The address."""
        return self.url

    def getheader(self, name: str, default: Any = None) -> Any:
        """A header."""
        return default


def stand_ins() -> list[tuple[Any, Any]]:
    """Functions, each with what takes its place, of the modules that are loaded."""
    found: list[tuple[Any, Any]] = [
        (builtins.input, lambda *_: ""),
        (getpass.getpass, lambda *_, **__: ""),
        (time.sleep, nothing),
        (os.system, lambda _: 0),
        (os._exit, _leave),
        (os.abort, _leave),
        (_POPEN, Process),
        (atexit.register, lambda function, *_, **__: function),
        (signal.signal, lambda number, handler: signal.getsignal(number)),
    ]
    found += [
        (getattr(signal, name), lambda *_: 0) for name in ("alarm", "pause", "setitimer") if hasattr(signal, name)
    ]
    start = getattr(threading, "_start_joinable_thread", None)
    if start is not None:
        found.append((start, lambda function, *args, **options: start(GUARD.watch(function), *args, **options)))
    start_new = sys.modules["_thread"].start_new_thread
    found.append((start_new, lambda function, *args: start_new(GUARD.watch(function), *args)))
    connect = getattr(sys.modules.get("sqlite3"), "connect", None)
    if connect is not None:
        found.append((connect, functools.partial(_connect, connect)))
    for module, name, function in _of_loaded_modules():
        original = getattr(sys.modules.get(module), name, None)
        if original is not None:
            found.append((original, function))
    return found


def _of_loaded_modules() -> Iterator[tuple[str, str, Any]]:
    yield "urllib.request", "urlopen", lambda *_, **__: Response()
    yield "urllib.request", "urlretrieve", lambda url, filename=None, *_, **__: (_empty(filename), {})
    yield "webbrowser", "open", lambda *_, **__: True
    yield "asyncio", "sleep", _no_sleep
    yield "asyncio", "gather", _gathered
    yield "asyncio", "wait_for", _awaited
    yield "asyncio", "shield", _awaited
    yield "asyncio", "create_task", lambda coroutine, **_: coroutine
    yield "asyncio", "ensure_future", lambda coroutine, **_: coroutine
    yield "asyncio", "to_thread", _called
    yield "socket", "create_connection", lambda *_, **__: sys.modules["socket"].socket()
    yield "socket", "getaddrinfo", lambda host, port, *_, **__: [(2, 1, 6, "", (host or _LOCAL, port))]
    yield "socket", "gethostbyname", lambda _: _LOCAL
    for name in _PLOTTING:
        yield "matplotlib.pyplot", name, nothing


def methods() -> list[tuple[Any, str, Any]]:
    """Classes, names and what takes the place of the method, of the modules that are loaded."""
    found: list[tuple[Any, str, Any]] = [(threading.Event, "wait", _wait)]
    socket = getattr(sys.modules.get("socket"), "socket", None)
    if socket is not None:
        found += [(socket, name, lambda self, data, *_: len(data)) for name in ("send", "sendto")]
        found += [(socket, "sendall", nothing), (socket, "recv", lambda *_: b"")]
        found += [(socket, name, nothing) for name in ("connect", "bind", "listen")]
        found += [(socket, "connect_ex", lambda *_: 0), (socket, "makefile", lambda *_, **__: io.BytesIO(_ANSWER))]
    context = getattr(sys.modules.get("ssl"), "SSLContext", None)
    if context is not None:
        found.append((context, "wrap_socket", lambda self, sock, *_, **__: sock))
    figure = getattr(sys.modules.get("matplotlib.figure"), "Figure", None)
    if figure is not None:
        found += [(figure, name, nothing) for name in ("savefig", "show")]
    tempfile = sys.modules.get("tempfile")
    closer = getattr(tempfile, "_TemporaryFileCloser", None)
    if closer is not None:  # it keeps `os.unlink` as a default argument, but the file was in memory alone
        found += [(closer, name, _close) for name in ("close", "cleanup") if name in vars(closer)]
    return found


def nothing(*_: Any, **__: Any) -> None:
    """Stands in for a function that would show, write, wait or end something."""


def _leave(*_: Any) -> None:
    raise SystemExit(1)


def _close(self: Any, *_: Any, **__: Any) -> None:
    if self.file is not None:
        self.file.close()


_WAIT = threading.Event.wait


def _wait(event: threading.Event, timeout: float | None = None) -> bool:
    return _WAIT(event) if timeout is None else event.is_set()


async def _no_sleep(delay: float = 0, result: Any = None, **_: Any) -> Any:
    return result


async def _gathered(*awaitables: Any, **_: Any) -> list[Any]:
    try:
        return [await each for each in awaitables]
    finally:
        for each in awaitables:  # a replay may end before
            if hasattr(each, "close"):
                each.close()


async def _awaited(awaitable: Any, *_: Any, **__: Any) -> Any:
    return await awaitable


async def _called(function: Any, /, *args: Any, **options: Any) -> Any:
    return function(*args, **options)


def _empty(filename: Any) -> Any:
    with builtins.open(filename or "downloaded", "wb"):
        return filename or "downloaded"


def _connect(connect: Callable[..., Any], database: Any, *args: Any, **options: Any) -> Any:
    """A copy of a database in memory; only a database that cannot be read seems empty."""
    options.pop("uri", None)
    path = os.fsdecode(database)
    with GUARD.trusting():
        copy = connect(":memory:", *args, **options)
        if path != ":memory:" and os.path.isfile(path):
            with contextlib.suppress(sys.modules["sqlite3"].Error):
                source = connect(f"file:{path}?mode=ro", uri=True)
                source.backup(copy)
                source.close()
    return copy


def namespaces() -> list[dict[Any, Any]]:
    """Where functions are kept other than in modules, and not by objects of the program."""
    openers = getattr(sys.modules.get("numpy.lib._datasource"), "_file_openers", None)
    if openers is None:
        return []
    openers.keys()  # fills it
    return [openers._file_openers]
