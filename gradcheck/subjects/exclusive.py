"""One check of a model at a time: the others, in other threads, wait until its parameters are restored."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from gradcheck.errors import SubjectError

#: Guards both tables, and tells those who wait that something was released.
_changed = threading.Condition()

#: By identity of an object in use: the thread that uses it, and how often it has entered.
_users: dict[int, list[int]] = {}

#: By thread that waits: the objects that it waits for.
_waiting: dict[int, frozenset[int]] = {}


@contextmanager
def exclusive(objects: Sequence[Any]) -> Iterator[None]:
    """Context that one thread at a time can be in for any of some objects, which stay alive in it.

    A thread may enter it again. All objects are taken at once, so that two checks which share some of them cannot
    block each other.

    Raises
    ------
    SubjectError
        If waiting would never end, because the thread that uses an object waits for one that this thread uses.
    """
    me, wanted = threading.get_ident(), frozenset(map(id, objects))
    with _changed:
        try:
            while any(_users[key][0] != me for key in wanted if key in _users):
                _waiting[me] = wanted
                if _circular(me):
                    raise SubjectError(
                        "two checks in different threads wait for each other: each evaluates a loss that checks the "
                        "model of the other; check them one after the other"
                    )
                _changed.wait()
        finally:
            _waiting.pop(me, None)
        for key in wanted:
            _users.setdefault(key, [me, 0])[1] += 1
    try:
        yield
    finally:
        with _changed:
            for key in wanted:
                _users[key][1] -= 1
                if not _users[key][1]:
                    del _users[key]
            _changed.notify_all()


def _circular(me: int) -> bool:
    """Whether a thread waits, directly or through others, for something that it uses itself."""
    reached, left = {me}, [me]
    while left:
        thread = left.pop()
        users = {_users[key][0] for key in _waiting.get(thread, ()) if key in _users}
        if thread != me and me in users:
            return True
        left += users - reached
        reached |= users
    return False
