"""Loads the subject that a command line names, as ``file.py:name`` or ``package.module:name``."""

from __future__ import annotations

import copy
import difflib
import importlib
import importlib.util
import inspect
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from gradcheck.errors import SubjectTypeError, TargetError
from gradcheck.subjects.convert import as_subject
from gradcheck.subjects.frameworks.boundary import Boundary
from gradcheck.subjects.model import looks_like_model
from gradcheck.subjects.subject import Subject
from gradcheck.tracebacks import pass_on_signal


def load(target: str) -> Subject:
    """Load a subject.

    Parameters
    ----------
    target : str
        ``file.py:name`` or ``package.module:name``. The name is that of a model, a `Subject`, or a function without
        arguments that returns one of them or the tuple ``(fun, grad, x0)``, or ``(fun, jac, x0)`` of a function with
        several outputs.

    Raises
    ------
    TargetError
        If there is no such object. Exceptions of the module or the function are passed on.
    """
    return subject_of(loaded(target), target)


def loaded(target: str) -> Any:
    """The object that a target names, or what it returns if it is a function or a class. Raises `TargetError`."""
    found = named(target)
    return _called(found, target) if is_called(found) else found


def subject_of(found: Any, target: str) -> Subject:
    """The subject of a model, of a `Subject`, or of a tuple of a function, its derivative and a point.

    Raises
    ------
    TargetError
        If it is something else.
    """
    if isinstance(found, tuple) and len(found) == 3 and callable(found[0]):
        return _of_functions(*found)
    try:
        return as_subject(found)
    except SubjectTypeError as error:
        raise TargetError(
            f"{target}: {error}. On the command line, name a function without arguments that returns a model, "
            "gradcheck.as_subject(model, batch=(X, y)), the tuple (fun, grad, x0), or a dict with the arguments of a "
            "check, such as fun, x0, jac and hess"
        ) from None


def named(target: str) -> Any:
    """The object that a target names, as it stands in its module. Raises `TargetError` if there is none."""
    place, separator, name = target.rpartition(":")
    if target and Path(target).is_dir():
        raise TargetError(f"{target!r} is a folder: name one script, or file.py:name; `gradcheck check` takes folders")
    if not separator or not place or not name:
        raise TargetError(
            f"there is no file or folder {target!r}{_similar(Path(target))}: write script.py, file.py:name or "
            "package.module:name; arguments of a script come after --"
        )
    return _attribute(_module(place), name, place)


def is_called(found: Any) -> bool:
    """Whether a named object is called to get what is checked: a class, or a function that is no model."""
    return inspect.isclass(found) or (inspect.isroutine(found) and not looks_like_model(found))


def _of_functions(fun: Any, derivative: Any, x0: Any) -> Subject:
    """A function with its gradient; with its Jacobian where it has several outputs."""
    boundary = Boundary(x0)
    plain, point = boundary.function(fun), boundary.x0
    try:
        value = plain(copy.deepcopy(point))
    except Exception as error:  # the check calls it again, and shows what it raises
        pass_on_signal(error)
        return as_subject(fun, derivative, x0)
    value = value[0] if derivative is True and isinstance(value, tuple) else value
    several = isinstance(value, (dict, list, tuple)) or np.size(value) > 1
    if not several:
        return as_subject(fun, derivative, x0)
    from gradcheck.subjects.maps.jacobian import jacobian_subject

    subject = jacobian_subject(plain, boundary.derivative(derivative), point)
    subject.hold(boundary.coarse)
    return subject


def _called(function: Any, target: str) -> Any:
    try:
        inspect.signature(function).bind()
    except TypeError:
        raise TargetError(
            f"{target} takes arguments: name a function without arguments that returns a model, "
            "gradcheck.as_subject(...), the tuple (fun, grad, x0), or a dict with the arguments of a check"
        ) from None
    return function()


def _module(place: str) -> ModuleType:
    path = Path(place)
    if path.suffix == ".py" or "/" in place or os.sep in place:
        return _from_file(path)
    if not all(part.isidentifier() for part in place.split(".")):
        raise TargetError(f"there is no module {place!r}; to name a file, write file.py:name")
    sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(place)
    except SystemExit as error:
        raise _exited(place, error) from None
    except ModuleNotFoundError as error:
        if error.name and (place == error.name or place.startswith(f"{error.name}.")):
            raise TargetError(
                f"there is no module {place!r} in {Path.cwd()} or among the installed packages; to name a file, write "
                "file.py:name"
            ) from None
        raise
    finally:
        sys.path.remove(str(Path.cwd()))


def _exited(place: str, error: SystemExit) -> TargetError:
    return TargetError(
        f"{place} called exit({error.code!r}) while it was imported: put the code that runs under "
        "if __name__ == '__main__'"
    )


def existing_file(place: str | Path) -> Path:
    """Path of an existing file. Raises `TargetError`, with the most similar name, if there is no such file."""
    path = Path(place)
    if not path.is_file():
        raise TargetError(f"there is no file {str(path)!r}{_similar(path)}")
    return path


def _similar(path: Path) -> str:
    """A hint at the most similar name in the folder, if there is one."""
    near = difflib.get_close_matches(path.name, [p.name for p in path.parent.glob(f"*{path.suffix}")], n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _from_file(path: Path) -> ModuleType:
    """Import a file under a private module name, so that it may have the name of a library."""
    existing_file(path)
    name = f"gradcheck_target_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise TargetError(f"{str(path)!r} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    folder = str(path.resolve().parent)
    sys.path.append(folder)
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, SystemExit):
            raise _exited(str(path), error) from None
        raise
    finally:
        sys.path.remove(folder)
    return module


def _attribute(module: ModuleType, name: str, place: str) -> Any:
    found: Any = module
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            names = [n for n in dir(found) if not n.startswith("_")]
            near = difflib.get_close_matches(part, names, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise TargetError(f"{place} has no {name!r}{hint}") from None
    return found
