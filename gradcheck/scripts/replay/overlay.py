"""The file system as a replay sees it: what it writes, renames and deletes is kept in memory, and then forgotten."""

from __future__ import annotations

import errno
import io
import itertools
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

from gradcheck.scripts.replay.guard import GUARD

#: A file that is appended to or changed is copied into memory up to this size, in bytes; a larger one seems empty.
_LARGEST_COPY = 64 * 2**20

#: The flag of a file without a name.
_NAMELESS = getattr(os, "O_TMPFILE", 0)

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

#: Functions of `os` that have no effect here and return None.
_WITHOUT_EFFECT = (
    *("chmod", "lchmod", "chown", "lchown", "fchmod", "fchown", "setxattr", "removexattr", "chflags"),
    *("mkfifo", "mknod", "sync", "fsync", "fdatasync"),
)

#: Functions of `os` that are replaced by methods of the same names.
_REPLACED = (
    *("remove", "unlink", "rename", "replace", "mkdir", "rmdir", "truncate", "link", "symlink", "utime"),
    *("stat", "lstat", "access", "listdir", "scandir", "write", "pipe", "ftruncate"),
)

#: The functions themselves.
_REAL: dict[str, Callable[..., Any]] = {
    name: getattr(os, name) for name in ("open", *_REPLACED, *_WITHOUT_EFFECT) if hasattr(os, name)
}
_COUNT = itertools.count()
_OPEN_FILE, _RMTREE = io.open, shutil.rmtree


class Overlay:
    """Files and folders that differ from those on disk.

    A file in memory has a descriptor of its own, so that everything works with it that works with a file.
    """

    def __init__(self) -> None:
        self._files: dict[str, int] = {}  # the descriptor of the content, by path
        self._folders: set[str] = set()
        self._absent: set[str] = set()

    def stand_ins(self) -> list[tuple[Any, Any]]:
        """Functions, each with what takes its place."""
        found: list[tuple[Any, Any]] = [(_REAL[name], getattr(self, f"_{name}")) for name in _REPLACED if name in _REAL]
        found += [(_REAL[name], _nothing) for name in _WITHOUT_EFFECT if name in _REAL]
        found += [(_REAL["open"], self._open_descriptor), (_OPEN_FILE, self._open_file), (_RMTREE, self._rmtree)]
        return found

    def forget(self) -> None:
        """Leave the disk as the program found it."""
        for descriptor in self._files.values():
            os.close(descriptor)
        self._files, self._folders, self._absent = {}, set(), set()
        GUARD.descriptors.clear()

    # -- what there is -------------------------------------------------------------------------------------------------

    def _path(self, path: Any) -> str:
        return os.path.normpath(os.path.join(os.getcwd(), os.fsdecode(path)))

    def _hidden(self, path: str) -> bool:
        """Whether a path, or a folder that it is in, was deleted."""
        if not self._absent:
            return False
        while path not in self._absent:
            if path in self._files or path in self._folders or path == os.path.dirname(path):
                return False
            path = os.path.dirname(path)
        return True

    def _is_folder(self, path: str) -> bool:
        return path in self._folders or (not self._hidden(path) and self._mode(path, stat.S_ISDIR))

    def _exists(self, path: str) -> bool:
        if path in self._files or path in self._folders:
            return True
        return not self._hidden(path) and self._mode(path, lambda mode: True)

    def _mode(self, path: str, accepted: Callable[[int], bool]) -> bool:
        try:
            return accepted(_REAL["stat"](path).st_mode)
        except (OSError, ValueError):
            return False

    def _inside(self, folder: str) -> Iterator[str]:
        """Paths in memory directly inside a folder."""
        yield from (path for path in (*self._files, *self._folders) if os.path.dirname(path) == folder)

    def _require(self, path: str) -> None:
        if not self._exists(path):
            raise _error(errno.ENOENT, path)

    def _require_parent(self, path: str) -> None:
        if not self._is_folder(os.path.dirname(path)):
            raise _error(errno.ENOENT, path)

    def _is_ours(self, path: Any) -> bool:
        """Whether a path is one that this overlay may answer for; descriptors are left to the system."""
        return not isinstance(path, int)

    # -- files ---------------------------------------------------------------------------------------------------------

    def _content(self, path: str, keep: bool) -> int:
        """The descriptor of a file in memory, with its content on disk where that is kept."""
        self._absent.discard(path)
        if path not in self._files:
            descriptor = anonymous_file()
            if keep and self._mode(path, stat.S_ISREG) and os.path.getsize(path) <= _LARGEST_COPY:
                with _OPEN_FILE(path, "rb") as source, _OPEN_FILE(descriptor, "wb", closefd=False) as target:
                    shutil.copyfileobj(source, target)
            self._files[path] = descriptor
        if not keep:
            _REAL["ftruncate"](self._files[path], 0)
        return self._files[path]

    def _descriptor(self, path: str, flags: int) -> int:
        """Open a file for writing, or a file in memory."""
        writes = bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC))
        if writes and path not in self._files:
            exists = self._exists(path)
            if exists and self._is_folder(path):
                raise _error(errno.EISDIR, path)
            if exists and flags & os.O_CREAT and flags & os.O_EXCL:
                raise _error(errno.EEXIST, path)
            if not exists and not flags & os.O_CREAT:
                raise _error(errno.ENOENT, path)
            self._require_parent(path)
        elif flags & os.O_CREAT and flags & os.O_EXCL:
            raise _error(errno.EEXIST, path)
        with GUARD.trusting():
            content = self._content(path, keep=not flags & os.O_TRUNC and not self._hidden(path))
            descriptor = self._reopened(content, flags & ~(os.O_CREAT | os.O_EXCL | os.O_TRUNC))
        GUARD.descriptors.add(descriptor)
        return descriptor

    def _reopened(self, content: int, flags: int) -> int:
        """A descriptor of the same content with a position of its own, where the system has that."""
        try:
            return int(_REAL["open"](f"/proc/self/fd/{content}", flags))
        except OSError:
            descriptor = os.dup(content)
            os.lseek(descriptor, 0, os.SEEK_END if flags & os.O_APPEND else os.SEEK_SET)
            return descriptor

    def _open_descriptor(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        """In place of `os.open`."""
        if dir_fd is not None:
            return int(_REAL["open"](path, flags, mode, dir_fd=dir_fd))
        full = self._path(path)
        if full == os.devnull:
            return int(_REAL["open"](path, flags, mode))
        if flags & _NAMELESS == _NAMELESS != 0:
            GUARD.descriptors.add(descriptor := anonymous_file())
            return descriptor
        if full in self._files or flags & _WRITING:
            return self._descriptor(full, flags)
        if self._hidden(full):
            raise _error(errno.ENOENT, full)
        return int(_REAL["open"](path, flags, mode))

    def _open_file(self, file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        """In place of `open`."""
        writes = isinstance(mode, str) and any(letter in mode for letter in "wax+")
        if isinstance(file, int):
            if not writes:
                return _OPEN_FILE(file, mode, *args, **options)
            if file not in GUARD.descriptors:
                file = anonymous_file()
            with GUARD.trusting():
                return _OPEN_FILE(file, mode, *args, **options)
        if not isinstance(mode, str) or not isinstance(file, (str, bytes, os.PathLike)):
            return _OPEN_FILE(file, mode, *args, **options)
        full = self._path(file)
        if full == os.devnull or (not writes and full not in self._files and not self._hidden(full)):
            return _OPEN_FILE(file, mode, *args, **options)

        given = options.pop("opener", None)

        def opener(path: str, flags: int) -> int:
            if given is None:
                return self._descriptor(full, flags)
            with GUARD.forbidding_again():
                return int(given(path, flags))

        if not writes:
            self._require(full)
        with GUARD.trusting():
            return _OPEN_FILE(file, mode, *args, **{**options, "opener": opener})

    def _write(self, descriptor: int, data: Any) -> int:
        """In place of `os.write`: only what this replay opened is written to."""
        return int(_REAL["write"](descriptor, data)) if descriptor in GUARD.descriptors else len(data)

    def _ftruncate(self, descriptor: int, length: int) -> None:
        if descriptor in GUARD.descriptors:
            with GUARD.trusting():
                _REAL["ftruncate"](descriptor, length)

    def _pipe(self) -> tuple[int, int]:
        ends = _REAL["pipe"]()
        GUARD.descriptors |= set(ends)
        return int(ends[0]), int(ends[1])

    # -- folders -------------------------------------------------------------------------------------------------------

    def _delete(self, path: str) -> None:
        if path in self._files:
            os.close(self._files.pop(path))
        self._folders.discard(path)
        self._absent.add(path)

    def _remove(self, path: Any, *, dir_fd: int | None = None) -> None:
        if dir_fd is None and self._is_ours(path):
            full = self._path(path)
            self._require(full)
            if self._is_folder(full):
                raise _error(errno.EISDIR, full)
            self._delete(full)

    _unlink = _remove

    def _rmdir(self, path: Any, *, dir_fd: int | None = None) -> None:
        if dir_fd is None:
            full = self._path(path)
            self._require(full)
            if not self._is_folder(full):
                raise _error(errno.ENOTDIR, full)
            if self._listdir(full):
                raise _error(errno.ENOTEMPTY, full)
            self._delete(full)

    def _rmtree(self, path: Any, ignore_errors: bool = False, *args: Any, **options: Any) -> None:
        """In place of `shutil.rmtree`."""
        full = self._path(path)
        if not self._is_folder(full):
            if ignore_errors:
                return
            raise _error(errno.ENOENT, full)
        for each in [p for p in (*self._files, *self._folders) if p.startswith(full + os.sep)]:
            self._delete(each)
        self._delete(full)

    def _mkdir(self, path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        if dir_fd is None:
            full = self._path(path)
            if self._exists(full):
                raise _error(errno.EEXIST, full)
            self._require_parent(full)
            self._folders.add(full)

    def _rename(self, source: Any, target: Any, **options: Any) -> None:
        old, new = self._path(source), self._path(target)
        self._require(old)
        self._require_parent(new)
        if self._is_folder(old):
            for path in [p for p in (*self._files, *self._folders) if p.startswith(old + os.sep)]:
                self._move(path, new + path[len(old) :])
            self._folders.add(new)
            self._delete(old)
        else:
            with GUARD.trusting():
                self._content(old, keep=True)
            self._move(old, new)

    _replace = _rename

    def _move(self, old: str, new: str) -> None:
        if old in self._files:
            if new in self._files:
                os.close(self._files.pop(new))
            self._files[new] = self._files.pop(old)
        if old in self._folders:
            self._folders.add(new)
        self._delete(old)
        self._absent.discard(new)

    def _truncate(self, path: Any, length: int) -> None:
        if isinstance(path, int):
            self._ftruncate(path, length)
            return
        full = self._path(path)
        self._require(full)
        with GUARD.trusting():
            _REAL["ftruncate"](self._content(full, keep=True), length)

    def _utime(self, path: Any, *args: Any, **options: Any) -> None:
        if self._is_ours(path) and options.get("dir_fd") is None:
            self._require(self._path(path))

    def _link(self, source: Any, target: Any, **options: Any) -> None:
        full = self._path(target)
        if self._exists(full):
            raise _error(errno.EEXIST, full)
        with self._open_file(source, "rb") as old, self._open_file(full, "wb") as new:
            shutil.copyfileobj(old, new)

    def _symlink(self, source: Any, target: Any, *args: Any, **options: Any) -> None:
        origin = os.path.join(os.path.dirname(self._path(target)), os.fsdecode(source))
        if self._is_folder(self._path(origin)):
            self._folders.add(self._path(target))
        elif self._exists(self._path(origin)):
            self._link(origin, target)

    # -- looking -------------------------------------------------------------------------------------------------------

    def _stat(self, path: Any, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> os.stat_result:
        if dir_fd is None and self._is_ours(path):
            full = self._path(path)
            if full in self._files:
                return os.fstat(self._files[full])
            if full in self._folders:
                path = os.getcwd()
            elif self._hidden(full):
                raise _error(errno.ENOENT, full)
        found: os.stat_result = _REAL["stat"](path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
        return found

    def _lstat(self, path: Any, *, dir_fd: int | None = None) -> os.stat_result:
        return self._stat(path, dir_fd=dir_fd, follow_symlinks=False)

    def _access(self, path: Any, mode: int, **options: Any) -> bool:
        if self._is_ours(path):
            full = self._path(path)
            if full in self._files or full in self._folders:
                return True
            if self._hidden(full):
                return False
        return bool(_REAL["access"](path, mode, **options))

    def _listdir(self, path: Any = ".") -> Any:
        if not self._is_ours(path) or isinstance(path, bytes):
            return _REAL["listdir"](path)
        full = self._path(path)
        if not self._is_folder(full):
            return _REAL["listdir"](path)  # raises what is raised
        real = [] if full in self._folders or self._hidden(full) else _REAL["listdir"](path)
        names = {name for name in real if not self._hidden(os.path.join(full, name))}
        return sorted(names | {os.path.basename(p) for p in self._inside(full)})

    def _scandir(self, path: Any = ".") -> Any:
        if not self._is_ours(path) or isinstance(path, bytes):
            return _REAL["scandir"](path)
        full = self._path(path)
        if not (self._absent or self._files or self._folders) or not self._is_folder(full):
            return _REAL["scandir"](path)
        return _Entries(self, os.fspath(path), self._listdir(full))


class _Entry:
    """An entry of a folder, as `os.scandir` gives it."""

    def __init__(self, overlay: Overlay, folder: str, name: str) -> None:
        self._overlay, self.name, self.path = overlay, name, os.path.join(folder, name)

    def __fspath__(self) -> str:
        return self.path

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Size and times."""
        return self._overlay._stat(self.path, follow_symlinks=follow_symlinks)

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a folder."""
        return stat.S_ISDIR(self.stat(follow_symlinks=follow_symlinks).st_mode)

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a file."""
        return stat.S_ISREG(self.stat(follow_symlinks=follow_symlinks).st_mode)

    def is_symlink(self) -> bool:
        """Whether it is a symbolic link."""
        return stat.S_ISLNK(self.stat(follow_symlinks=False).st_mode)


class _Entries:
    """What `os.scandir` returns: an iterator that can be closed."""

    def __init__(self, overlay: Overlay, folder: str, names: list[str]) -> None:
        self._entries = iter([_Entry(overlay, folder, name) for name in names])

    def __iter__(self) -> Iterator[_Entry]:
        return self._entries

    def __next__(self) -> _Entry:
        return next(self._entries)

    def __enter__(self) -> _Entries:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is held open."""


def anonymous_file() -> int:
    """The descriptor of an empty file without a name, in memory where the system has that."""
    with GUARD.trusting():
        if hasattr(os, "memfd_create"):
            return os.memfd_create("replayed")
        path = os.path.join(tempfile.gettempdir(), f"replayed-{os.getpid()}-{next(_COUNT)}")
        descriptor = int(_REAL["open"](path, os.O_RDWR | os.O_CREAT | os.O_EXCL))
        _REAL["unlink"](path)
        return descriptor


def _error(number: int, path: str) -> OSError:
    return OSError(number, os.strerror(number), path)


def _nothing(*_: Any, **__: Any) -> None:
    """Stands in for a function that would change something."""
