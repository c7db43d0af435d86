"""`gradcheck write`: a pytest file for a model, a function, a layer or a script, ready to run."""

from __future__ import annotations

import os
import re
from pathlib import Path

from gradcheck.app.targets import Target
from gradcheck.checks.described import Described
from gradcheck.errors import TargetError

_OF_A_SCRIPT = '''"""The gradient of {name} is right."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parent / {path!r}


def test_the_gradient_of_{identifier}():
    command = [sys.executable, "-m", "gradcheck", "check", str(SCRIPT), "--seed", "0"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
    assert done.returncode == 0, done.stdout + done.stderr
'''

_OF_AN_OBJECT = '''"""The gradient of {name} is right."""

{imports}

def test_the_gradient_of_{identifier}():
{body}
'''

_FROM_A_FILE = """import importlib.util
from pathlib import Path

import gradcheck

spec = importlib.util.spec_from_file_location({module!r}, Path(__file__).parent / {path!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
{name} = module.{name}
"""


def written_test(text: str, output: Path) -> str:
    """Write the test of a target.

    Parameters
    ----------
    text : str
        A target, as for `gradcheck check`.
    output : Path
        Where the test will stand: it imports the target from there.

    Raises
    ------
    TargetError, SubjectError
        If there is no such target, or it cannot be checked.
    """
    target = Target(text)
    if target.is_program:
        from gradcheck.subjects.load import existing_file

        path = existing_file(text)
        return _OF_A_SCRIPT.format(name=path.name, path=_relative(path, output), identifier=_identifier(path.stem))
    from gradcheck.checks.described import described
    from gradcheck.subjects.load import is_called, loaded, named, subject_of

    found = named(text)
    place, _, name = text.rpartition(":")
    value = f"{name}()" if is_called(found) else name
    what = loaded(text)
    body = f"    gradcheck.assert_gradients({value}, rng=0)"
    description = described(what, text)
    subject = subject_of(what, text) if description is None else None  # says what is wrong with it
    if description is not None:
        body = f"    {_call(description, value)}"
    elif isinstance(what, tuple):
        check = "assert_jacobian" if subject is not None and subject.is_map else "assert_gradients"
        body = f"    gradcheck.{check}(*{value}, rng=0)"
    imports = _imports(place, name.partition(".")[0], output)
    return _OF_AN_OBJECT.format(name=name, imports=imports, identifier=_identifier(name), body=body)


def _call(description: Described, value: str) -> str:
    """The assertion of a description, in the form that it has."""
    check = f"gradcheck.assert_{description.kind}"
    if description.form == "dict":
        arguments = f"**{value}" if description.kind != "gradients" else _named(description, f"{value}[{{key!r}}]")
        return f"{check}({arguments}, rng=0)" if "rng" not in description.arguments else f"{check}({arguments})"
    if description.form == "tuple":
        return f"{check}(*{value}, rng=0)"
    if description.form == "operator":
        return f"{check}({value}, rng=0)"
    return f"what = {value}\n    {check}({_named(description, 'what.{key}')}, rng=0)"


def _named(description: Described, form: str) -> str:
    """The arguments by their names, each as an item or an attribute of the description."""
    names = {"target": "fun"} if description.kind == "gradients" else {}
    return ", ".join(f"{key}={form.format(key=names.get(key, key))}" for key in description.arguments)


def default_output(text: str) -> Path:
    """Where the test of a target stands if nothing is said: beside the file, or here for a module."""
    target = Target(text)
    place = text if target.is_program else text.rpartition(":")[0]
    if Path(place).suffix in (".py", ".ipynb"):
        return Path(place).with_name(f"test_{_identifier(Path(place).stem)}.py")
    if not place:
        raise TargetError(f"{text!r} names nothing: write script.py, file.py:name or package.module:name")
    return Path(f"test_{_identifier(place.rpartition('.')[2])}.py")


def _imports(place: str, name: str, output: Path) -> str:
    """The lines that import a name from a module or a file."""
    path = Path(place)
    if path.suffix != ".py":
        return f"from {place} import {name}\n\nimport gradcheck\n"
    module = _dotted(path)
    beside = path.resolve().parent == output.resolve().parent
    if all(part.isidentifier() for part in module.split(".")) and (beside or "." in module):
        return f"from {module} import {name}\n\nimport gradcheck\n"
    return _FROM_A_FILE.format(module=_identifier(path.stem), path=_relative(path, output), name=name)


def _dotted(path: Path) -> str:
    """The name of a module from the top of its package, as pytest puts it on the path."""
    parts, folder = [path.stem], path.resolve().parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    return ".".join(parts)


def _relative(path: Path, output: Path) -> str:
    return Path(os.path.relpath(path.resolve(), output.resolve().parent)).as_posix()


def _identifier(text: str) -> str:
    return re.sub(r"\W+", "_", text).strip("_").lower() or "target"
