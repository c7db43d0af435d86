"""Arguments of the user's functions beside the parameters: compared with what was passed, and restored."""

from __future__ import annotations

import inspect
import operator
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from gradcheck.subjects.frameworks.detection import memory_of
from gradcheck.subjects.masked import is_masked_array
from gradcheck.subjects.shapes import set_shape

Result = TypeVar("Result")

#: Arguments of up to so many bytes are compared after each call, which takes a few microseconds. Larger ones are
#: compared after the first call of each function and at the end of a session.
SMALL = 2**16

#: Arrays are compared in pieces of so many bytes, which stay in the cache of a processor.
PIECE = 2**18


class Guard:
    """The arrays, dicts and lists among some objects, as they were when a session began.

    Whatever a call writes into them is undone before the next call. A dict that gets new keys, and a list that gets
    longer, keep these until the session ends: caches are passed in this way.

    A call that writes for the first time after others have not, into arguments that are large, is noticed when the
    session ends. Then `disturbed` is true, and each later call is compared.

    Parameters
    ----------
    objects : iterable of (str, object)
        Each with the name that evidence gives it.

    Attributes
    ----------
    evidence : str
        Which function writes into which object; empty if none does.
    disturbed : bool
        Whether evaluations were made with arguments that an earlier one had changed.
    """

    def __init__(self, objects: Iterable[tuple[str, Any]]) -> None:
        self._objects = list(objects)
        self._kept: list[_Array | _Mask | Contents] | None = None
        self._size = 0
        self._seen: set[str] = set()
        self._writes = False
        self._lock = threading.RLock()
        self.evidence = ""
        self.disturbed = False

    @contextmanager
    def session(self) -> Iterator[None]:
        """On exit everything is as it was on entry."""
        if self._kept is not None:
            yield
            return
        self._keep()
        try:
            yield
        finally:
            try:
                self._settle()
            except BaseException:  # a second interrupt
                self._settle()
                raise
            finally:
                self._kept = None

    def call(self, source: str, function: Callable[[], Result]) -> Result:
        """Result of a call, after which everything is as it was before.

        Parameters
        ----------
        source : str
            What is called, for the evidence.
        function : callable
        """
        if not self._objects:
            return function()
        if self._kept is None:
            with self.session():
                return self.call(source, function)
        if self._writes:
            with self._lock:  # of several threads, one at a time
                return self._watched(source, function)
        return self._watched(source, function)

    def _watched(self, source: str, function: Callable[[], Result]) -> Result:
        try:
            return function()
        finally:
            if self._writes or self._size <= SMALL or source not in self._seen:
                self._seen.add(source)
                name = self._changed()
                if name is not None:
                    self._writes = True
                    self.evidence = self.evidence or f"{source} writes into {name}; this is undone after each call"
                    self._restore()

    def _keep(self) -> None:
        kept: list[_Array | _Mask | Contents] = []
        known: set[int] = set()
        for name, value in self._objects:
            _collect(name, value, kept, known)
        self._size = sum(each.size for each in kept)
        self._seen, self._kept = set(), kept

    def _settle(self) -> None:
        name = self._changed()
        if name is not None:
            self._restore()
            if not self._writes:
                self._writes = self.disturbed = True
                self.evidence = f"a later call writes into {name}"
        for each in self._kept or ():
            if isinstance(each, Contents):
                each.restore(grown=True)

    def _changed(self) -> str | None:
        return next((each.name for each in self._kept or () if each.changed()), None)

    def _restore(self) -> None:
        for each in reversed(self._kept or []):  # containers before what they hold
            if each.changed():
                each.restore()

    def __getstate__(self) -> dict[str, Any]:
        """Without copies of the arguments and without the lock: in another process they are made anew."""
        return {**self.__dict__, "_kept": None, "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.RLock()


def merged(*evidence: str) -> dict[str, str]:
    """The remark of a subject whose functions write into their arguments, as several places have seen it."""
    text = "; ".join(filter(None, evidence))
    return {"mutates-input": text} if text else {}


def named_arguments(
    group: str, values: Sequence[Any], function: Callable[..., Any], first: int = 0
) -> list[tuple[str, Any]]:
    """Arguments of a function, each called by its place and by the name that the function has for it.

    Parameters
    ----------
    group : str
        Option of a check that holds them: ``args`` or ``batch``.
    values : sequence
    function : callable
    first : int
        Number of arguments before them.

    Examples
    --------
    >>> named_arguments("args", (3,), lambda x, scale: scale * x, 1)
    [('args[0] (scale)', 3)]
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())[first:]
    except (TypeError, ValueError):  # a built-in function without a signature
        parameters = []
    positional = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [
        (f"{group}[{i}] ({positional[i]})" if i < len(positional) else f"{group}[{i}]", value)
        for i, value in enumerate(values)
    ]


class _Array:
    """An array with a copy of its contents."""

    def __init__(self, name: str, array: NDArray[Any]) -> None:
        self.name, self._array = name, array
        self._saved, self._shape, self.size = array.copy(order="K"), array.shape, array.nbytes
        self._bytes = array.tobytes() if self.size <= SMALL else b""  # the fastest way to compare a few entries

    def changed(self) -> bool:
        if self._bytes and self._array.shape == self._shape:
            return self._array.tobytes() != self._bytes
        return self._array.shape != self._shape or not identical(self._array, self._saved)

    def restore(self) -> None:
        if self._array.shape != self._shape:
            set_shape(self._array, self._shape)
        if not self._array.flags.writeable:
            self._array.flags.writeable = True
        np.copyto(self._array, self._saved)


class _Mask:
    """The mask of a masked array."""

    size = 0

    def __init__(self, name: str, array: np.ma.MaskedArray[Any, Any]) -> None:
        self.name, self._array = f"{name}.mask", array
        self._saved = np.ma.getmaskarray(array).copy()

    def changed(self) -> bool:
        return not np.array_equal(np.ma.getmaskarray(self._array), self._saved)

    def restore(self) -> None:
        self._array.mask = self._saved if self._saved.any() else np.ma.nomask


class Contents:
    """A dict or a list, and the objects that were in it."""

    def __init__(self, name: str, container: dict[Any, Any] | list[Any]) -> None:
        self.name, self._container = name, container
        self._saved: Any = dict(container) if isinstance(container, dict) else list(container)
        self.size = 8 * len(self._saved)

    def changed(self) -> bool:
        """Whether an object was removed or replaced; a place that held None may be filled."""
        now, saved = self._container, self._saved
        if len(now) < len(saved):
            return True
        if isinstance(now, dict):
            missing = object()
            return any(not _same(now.get(key, missing), value) for key, value in saved.items())
        if all(map(operator.is_, now, saved)):
            return False
        return any(not _same(new, old) for new, old in zip(now, saved, strict=False))

    def restore(self, grown: bool = False) -> None:
        """Put the objects back in their places; with `grown`, also remove what was added."""
        if isinstance(self._container, dict):
            if grown and list(self._container) != list(self._saved):
                self._container.clear()
            self._container.update(self._saved)
        else:
            self._container[: None if grown else len(self._saved)] = self._saved


def _same(now: Any, before: Any) -> bool:
    if now is before or before is None:
        return True
    plain = type(now) is type(before) and isinstance(now, (bool, int, float, complex, str, bytes))
    return plain and bool(now == before or (now != now and before != before))  # NaN


def _collect(name: str, value: Any, kept: list[_Array | _Mask | Contents], known: set[int]) -> None:
    """Add the arrays and containers of a nesting, each once; what cannot be written into is left out."""
    if id(value) in known:
        return
    known.add(id(value))
    if is_masked_array(value):
        kept.append(_Mask(name, value))
        value = value.data
    memory = None if isinstance(value, (np.ndarray, dict, list, tuple)) else memory_of(value)
    if memory is not None and memory.size:
        kept.append(_Array(name, memory))
    elif isinstance(value, np.ndarray):
        if value.flags.writeable and value.size:
            kept.append(_Array(name, value))
    elif isinstance(value, dict):
        for key, inner in value.items():
            _collect(f"{name}[{key!r}]", inner, kept, known)
        kept.append(Contents(name, value))
    elif isinstance(value, (list, tuple)):
        for i, inner in enumerate(value):
            if isinstance(inner, (np.ndarray, dict, list, tuple)) or memory_of(inner) is not None:
                _collect(f"{name}[{i}]", inner, kept, known)
        if isinstance(value, list):
            kept.append(Contents(name, value))
    elif type(value).__module__.startswith("scipy.sparse"):
        for key, inner in vars(value).items():
            if isinstance(inner, np.ndarray):
                _collect(f"{name}.{key.lstrip('_')}", inner, kept, known)


def identical(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Whether two arrays of one shape and type have the same bits.

    Examples
    --------
    >>> import numpy as np
    >>> identical(np.array([0.0, np.nan]), np.array([0.0, np.nan])), identical(np.array([0.0]), np.array([-0.0]))
    (True, False)
    """
    if one.dtype.hasobject:
        return all(map(operator.is_, one.ravel().tolist(), other.ravel().tolist()))
    by_columns = one.flags.f_contiguous and other.flags.f_contiguous
    first, second = (_bits(array.T if by_columns else array) for array in (np.asarray(one), np.asarray(other)))
    step = PIECE // first.itemsize
    return all(bool((first[i : i + step] == second[i : i + step]).all()) for i in range(0, first.size, step))


def _bits(array: NDArray[Any]) -> NDArray[Any]:
    """The entries of an array in one dimension, as the widest integers into which they can be divided."""
    flat = np.ascontiguousarray(array).reshape(-1)
    width = next(width for width in (8, 4, 2, 1) if flat.nbytes % width == 0)
    return flat.view(f"u{width}")
