"""Refuses whatever a replay would do to the world outside its process: the guarantee behind all stand-ins.

Python raises an *audit event* before it opens a file, starts a process or connects a socket, whatever function asked
for it. One audit hook is installed, once, since hooks cannot be removed. It acts only in threads that run a replay.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gradcheck.scripts.instrument.tracer import TRACER

#: Flags of `os.open` with which a file may be changed or created.
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

#: Audit events that change files, processes or the network. Events such as ``shutil.move`` consist of these.
_REFUSED = frozenset(
    {
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.mkdir",
        "os.truncate",
        "os.link",
        "os.symlink",
        "os.chmod",
        "os.chown",
        "os.chflags",
        "os.utime",
        "os.setxattr",
        "os.removexattr",
        "os.lockf",
        "os.system",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "os.startfile",
        "os.kill",
        "os.killpg",
        "os.unshare",
        "signal.pthread_kill",
        "subprocess.Popen",
        "pty.spawn",
        "socket.bind",
        "socket.connect",
        "socket.sendto",
        "socket.sendmsg",
        "socket.sethostname",
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "socket.gethostbyaddr",
        "socket.getnameinfo",
        "webbrowser.open",
        "syslog.syslog",
        "resource.setrlimit",
        "resource.prlimit",
        "sqlite3.connect",
        "sqlite3.enable_load_extension",
        "winreg.CreateKey",
        "winreg.DeleteKey",
        "winreg.DeleteValue",
        "winreg.SaveKey",
        "winreg.SetValue",
        "shutil.chown",
        "time.sleep",
    }
)

#: What an effect is called in a report.
_WORDS = {
    "open": "write {}",
    "os.remove": "delete {}",
    "os.rmdir": "delete {}",
    "os.rename": "rename {} to {}",
    "os.mkdir": "make the folder {}",
    "os.system": "run {}",
    "subprocess.Popen": "run {1}",
    "os.posix_spawn": "run {}",
    "os.fork": "start a process",
    "socket.connect": "connect to {1}",
    "socket.getaddrinfo": "look up {}",
    "sqlite3.connect": "open the database {}",
    "webbrowser.open": "open {}",
    "time.sleep": "wait {} s",
}

#: Databases that are in memory.
_IN_MEMORY = (":memory:", "")

#: The mode of `mmap.mmap` that only reads, and the one that keeps changes to itself.
_PRIVATE_MAPS = (1, 3)


class RefusedEffect(PermissionError):
    """A replay tried to change something outside its process."""

    is_refused_effect = True


class Guard:
    """Which threads run a replay, and what they were kept from doing.

    Attributes
    ----------
    refused : dict of str to None
        What was refused, in order, each with the line of the program.
    seen : dict of str to None
        What the program did to the world while it was observed.
    descriptors : set of int
        Files in memory, which may be written to.
    """

    def __init__(self) -> None:
        self.refused: dict[str, None] = {}
        self.seen: dict[str, None] = {}
        self.descriptors: set[int] = set()
        self._installed = False
        self._guarded: set[int] = set()
        self._observed: set[int] = set()
        self._trusted: set[int] = set()
        self._adopted: set[int] = set()  # threads that the program has started before its step
        self._sealed = False

    @contextmanager
    def forbidding(self) -> Iterator[None]:
        """Refuse effects in this thread, and in the threads that it starts."""
        self._install()
        thread = threading.get_ident()
        outermost = thread not in self._guarded
        self._guarded.add(thread)
        try:
            yield
        finally:
            if outermost:
                self._guarded.discard(thread)

    @contextmanager
    def observing(self) -> Iterator[None]:
        """Note effects in this thread, and let them happen."""
        self._install()
        self.seen, self._sealed = {}, False
        thread = threading.get_ident()
        self._observed.add(thread)
        try:
            yield
        finally:
            self._observed.discard(thread)
            self._sealed = True

    def seal(self) -> None:
        """From now on refuse effects in threads that the program has started before."""
        self._sealed = True

    def adopt(self, function: Any) -> Any:
        """A function for a thread that the program starts before its step."""

        def adopted(*arguments: Any, **options: Any) -> Any:
            thread = threading.get_ident()
            self._adopted.add(thread)
            try:
                return function(*arguments, **options)
            finally:
                self._adopted.discard(thread)

        return adopted

    @contextmanager
    def trusting(self) -> Iterator[None]:
        """Let this thread do what a stand-in does in place of the program."""
        thread = threading.get_ident()
        outermost = thread not in self._trusted
        self._trusted.add(thread)
        try:
            yield
        finally:
            if outermost:
                self._trusted.discard(thread)

    @contextmanager
    def forbidding_again(self) -> Iterator[None]:
        """Within `trusting`: refuse effects once more while code of the program runs."""
        thread = threading.get_ident()
        trusted = thread in self._trusted
        self._trusted.discard(thread)
        try:
            yield
        finally:
            if trusted:
                self._trusted.add(thread)

    def watch(self, function: Any) -> Any:
        """A function for a new thread, refused the same effects as the thread that starts it, for as long as it runs.

        Outside replays the function itself.
        """
        if threading.get_ident() not in self._guarded:
            return function

        def guarded(*arguments: Any, **options: Any) -> Any:
            with self.forbidding():
                return function(*arguments, **options)

        return guarded

    @property
    def is_active(self) -> bool:
        """Whether this thread runs a replay."""
        return self._is_guarded(threading.get_ident())

    def _is_guarded(self, thread: int) -> bool:
        return thread in self._guarded or (self._sealed and thread in self._adopted)

    def _in_memory(self, arguments: tuple[Any, ...]) -> bool:
        return bool(arguments) and isinstance(arguments[0], int) and arguments[0] in self.descriptors

    def _install(self) -> None:
        if not self._installed:
            self._installed = True
            sys.addaudithook(_hook(self._audit))

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not (self._guarded or self._observed or self._adopted):
            return
        thread = threading.get_ident()
        if thread in self._trusted or not (self._is_guarded(thread) or thread in self._observed):
            return
        if not _changes_the_world(event, arguments) or self._in_memory(arguments):
            return
        with self.trusting():
            what, imports = _described(event, arguments)
        if self._is_guarded(thread):
            self.refused.setdefault(what)
            raise RefusedEffect(f"refused while the training step is replayed: {what}")
        if event != "time.sleep" and not imports:
            self.seen.setdefault(what)


#: Events that change the world, or do so with some arguments.
_WATCHED = _REFUSED | {"open", "sqlite3.connect", "mmap.__new__"}


def _hook(audit: Callable[[str, tuple[Any, ...]], None]) -> Callable[[str, tuple[Any, ...]], None]:
    """Calls another hook for the events that may change the world. Every call of `id` is an event, so this is short."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _WATCHED:
            audit(event, arguments)

    hook.__cantrace__ = False  # type: ignore[attr-defined]  # Python asks each time, and an error would cost more
    return hook


def _changes_the_world(event: str, arguments: tuple[Any, ...]) -> bool:
    if event == "open":
        path, mode, flags = (*arguments, None, None, None)[:3]
        writes = bool(flags & _WRITING) if isinstance(flags, int) else False
        writes = writes or (isinstance(mode, str) and any(letter in mode for letter in "wax+"))
        return writes and path not in (os.devnull, os.devnull.encode())
    if event == "sqlite3.connect":
        return bool(arguments) and arguments[0] not in _IN_MEMORY
    if event == "mmap.__new__":
        return arguments[0] != -1 and arguments[2] not in _PRIVATE_MAPS
    return event in _REFUSED


def _described(event: str, arguments: tuple[Any, ...]) -> tuple[str, bool]:
    """An effect with the line of the program that leads to it, and whether it comes from the import of a module."""
    frame: Any = sys._getframe(2)
    imports = False
    while frame is not None and TRACER not in frame.f_globals:
        imports = imports or frame.f_code.co_filename.startswith("<frozen importlib")
        frame = frame.f_back
    shown = [
        a if isinstance(a, str) else os.fsdecode(a) if isinstance(a, (bytes, os.PathLike)) else a for a in arguments
    ]
    words = _WORDS.get(event, "{event} {}").format(*shown, "", "", event=event).strip()
    place = "" if frame is None else f" (line {frame.f_lineno})"
    return f"{words}{place}", imports


#: The guard of this process.
GUARD = Guard()
