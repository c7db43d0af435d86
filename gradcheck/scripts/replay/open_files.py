"""Files that the program has opened for writing before its step: replays write into memory instead."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import stat
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

from gradcheck.scripts.replay.overlay import anonymous_file

#: Where a system lists the open descriptors of the process that asks.
_LISTINGS = ("/proc/self/fd", "/dev/fd")

#: The size in bytes up to which the content of a file is kept that the step may read as well as write.
_LARGEST_CONTENT = 2**20


def open_descriptors() -> frozenset[int]:
    """The descriptors that are open; empty where the system does not list them."""
    for folder in _LISTINGS:
        with contextlib.suppress(OSError):
            return frozenset(int(name) for name in os.listdir(folder))
    return frozenset()


@contextlib.contextmanager
def without_open_files() -> Iterator[None]:
    """Files that a program leaves open are closed with it, without a warning about them, as when a process ends.

    Those that something else still holds stay open, such as the file of a logger.
    """
    before = open_descriptors()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            yield
        finally:
            if open_descriptors() - before:
                gc.collect()
                gc.collect()  # the first call ends generators, which hold the program while they end


def _streams() -> list[Any]:
    """All objects that are files: their types are looked at once each, as there are far more objects than types."""
    objects = gc.get_objects()
    kinds = {kind for kind in set(map(type, objects)) if issubclass(kind, io.IOBase)}
    return [each for each in objects if type(each) in kinds]


class OpenFiles:
    """Open files whose content on disk stays as it is until `release`, whoever writes to them.

    Their descriptors lead to files in memory meanwhile. So what holds a file without showing it, such as a writer of
    tables or a compressed stream, is covered as well.

    Parameters
    ----------
    others : iterable of int
        Descriptors that are not the program's.
    """

    def __init__(self, others: Iterable[int]) -> None:
        new = [d for d in open_descriptors() - set(others) if d > 2 and _is_written_to(d)]
        self._streams = _streams() if new else []
        held = {s.fileno() for s in self._streams if isinstance(s, io.FileIO) and not s.closed}
        self._streams = [s for s in self._streams if _descriptor_of(s) in held.intersection(new)]
        self.descriptors = frozenset(held.intersection(new))
        self._originals: list[tuple[int, int]] = []
        self._contents: dict[int, bytes] = {}
        self._flush()
        for descriptor in self.descriptors:
            self._originals.append((descriptor, os.dup(descriptor)))
            memory = anonymous_file()
            content, position = _content(descriptor)
            if content is not None:
                self._contents[descriptor] = content
                os.pwrite(memory, content, 0)
                os.lseek(memory, position, os.SEEK_SET)
            os.dup2(memory, descriptor, inheritable=False)
            os.close(memory)

    def covers(self, value: Any) -> bool:
        """Whether what is written to a stream goes into memory."""
        return issubclass(type(value), io.IOBase) and _descriptor_of(value) in self.descriptors

    def forget(self) -> None:
        """Give back the memory of what the last replay wrote."""
        for descriptor in self.descriptors:
            content = self._contents.get(descriptor, b"")
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, len(content))
                if content and os.pread(descriptor, len(content), 0) != content:
                    os.pwrite(descriptor, content, 0)

    def release(self) -> None:
        """Let the descriptors lead to the files again."""
        self._flush()
        for descriptor, original in self._originals:
            os.dup2(original, descriptor, inheritable=False)
            os.close(original)
        self._originals, self._streams, self.descriptors = [], [], frozenset()

    def _flush(self) -> None:
        for stream in self._streams:
            with contextlib.suppress(Exception):
                stream.flush()


def _content(descriptor: int) -> tuple[bytes | None, int]:
    """What a file holds that can be read as well, and the position in it; None for a large one."""
    import fcntl

    status = os.fstat(descriptor)
    both = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_RDWR
    if not both or not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST_CONTENT:
        return None, 0
    return os.pread(descriptor, status.st_size, 0), os.lseek(descriptor, 0, os.SEEK_CUR)


def _is_written_to(descriptor: int) -> bool:
    """Whether a descriptor is that of a regular file or a pipe, open for writing."""
    try:
        import fcntl

        mode = os.fstat(descriptor).st_mode
        writes = fcntl.fcntl(descriptor, fcntl.F_GETFL) & (os.O_WRONLY | os.O_RDWR)
    except (ImportError, OSError):
        return False
    return bool(writes) and (stat.S_ISREG(mode) or stat.S_ISFIFO(mode))


def _descriptor_of(stream: Any) -> int | None:
    try:
        return None if stream.closed else int(stream.fileno())
    except Exception:  # streams of other libraries may fail in their own ways
        return None
