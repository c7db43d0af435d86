"""Tells an exception of the checked code from a fault of gradcheck itself."""

from __future__ import annotations

import os
import sysconfig
import traceback
from pathlib import Path
from types import FrameType

from gradcheck._version import __version__
from gradcheck.errors import GradcheckError
from gradcheck.tracebacks import is_internal, user_traceback

#: Environment variable: if it is set, a fault of gradcheck shows its traceback.
SHOW = "GRADCHECK_TRACEBACK"

#: What gradcheck calls with its own values: an exception in one of them is of whoever called it.
_CALLED = ("numpy", "scipy", "optree", "rich", "click", "jinja2", "joblib", "autograd")

#: What the surroundings of a check raise: files, modules and memory that are not there, sources that do not compile.
_NO_FAULT = MemoryError | OSError | ImportError | SyntaxError

_PACKAGE = Path(__file__).parents[1]

#: Code of gradcheck through which the operations of the checked program pass.
_PASSED_THROUGH = (
    _PACKAGE / "scripts" / "instrument",
    _PACKAGE / "scripts" / "replay" / "minimisers.py",
    _PACKAGE / "recording",
    _PACKAGE / "nn",
)

#: In the names of cells of notebooks.
_CELL = ".ipynb, cell "

_STANDARD = tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))


def is_fault(error: BaseException) -> bool:
    """Whether an exception is a fault of gradcheck: the last code that is no library belongs to it."""
    if isinstance(error, GradcheckError | _NO_FAULT):
        return False
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__) if not _is_called(frame)]
    return bool(frames) and is_internal(frames[-1].f_code.co_filename)


def message_of(error: BaseException) -> str:
    """What to tell the user about an exception, by the kind of exception."""
    if isinstance(error, GradcheckError):
        return str(error)
    if isinstance(error, SystemExit):
        return (
            f"the checked code called exit({error.code!r}): move code that only a run as a script needs below "
            "if __name__ == '__main__':"
        )
    if isinstance(error, KeyboardInterrupt):
        return "interrupted; the parameters are restored"
    if is_fault(error):
        return fault_message(error)
    what = " ".join("".join(traceback.format_exception_only(error)).split())
    if isinstance(error, ImportError) and place_of(error) is None:
        return f"gradcheck cannot run here: {what}"
    return f"the checked code raised {what}\n{user_traceback(error).rstrip()}"


def fault_message(error: BaseException) -> str:
    """One line to report about a fault, and the traceback if it is asked for."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if is_internal(frame.filename)] or frames
    where = f" at {_short(own[-1].filename)}:{own[-1].lineno}" if own else ""
    what = " ".join(traceback.format_exception_only(error)[-1].split())
    line = f"a fault of gradcheck {__version__} itself, please report this line: {what}{where}"
    if os.environ.get(SHOW):
        return line + "\n" + "".join(traceback.format_exception(error)).rstrip()
    return f"{line} ({SHOW}=1 shows the traceback)"


def place_of(error: BaseException) -> tuple[str, int] | None:
    """File and line of the checked code that raised an exception; None if no code of the user did."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return error.filename, error.lineno
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        file = frame.f_code.co_filename
        if not is_internal(file) and not _is_called(frame) and (Path(file).suffix == ".py" or _CELL in file):
            return file, line
    return None


def _short(file: str) -> str:
    path = Path(file)
    return path.relative_to(_PACKAGE.parent).as_posix() if path.is_relative_to(_PACKAGE) else path.name


def _is_called(frame: FrameType) -> bool:
    """Whether a frame is one of a library, or of what the checked program's operations pass through."""
    file = Path(frame.f_code.co_filename)
    name = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    if name in _CALLED or frame.f_code.co_filename.startswith("<frozen") or "__array_function__" in file.name:
        return True
    if any(folder in (file, *file.parents) for folder in _PASSED_THROUGH):
        return True
    return any(folder in file.parents for folder in _STANDARD) and not {"site-packages", "dist-packages"} & set(
        file.parts
    )
