"""The rooms of the package: which may import which, what each promises, and what importing costs."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import gradcheck

ROOT = Path(gradcheck.__file__).parent
PAGE = Path(__file__).parents[1] / "docs" / "architecture.md"

#: From the ground up: a room imports only rooms that stand before it.
ROOMS = (
    "nn",
    "differences",
    "recording",
    "subjects",
    "probes",
    "verdicts",
    "diagnosis",
    "reports",
    "checks",
    "scripts",
    "training",
    "testing",
    "strategies",
    "app",
)

#: Rooms that may import less than everything below them.
ONLY: dict[str, set[str]] = {
    "differences": set(),
    "recording": set(),
    "subjects": {"nn", "differences"},
    "reports": {"probes", "verdicts", "diagnosis"},
}

#: Files at the top that every room may import; they import no room.
GROUND = ("_names", "_version", "errors", "settings", "tracebacks")


def modules() -> list[Path]:
    return sorted(path for path in ROOT.rglob("*.py"))


def dotted(path: Path) -> str:
    parts = ("gradcheck", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def graph() -> dict[str, set[str]]:
    """Every file, and the files that it imports: at its top, inside functions, and for type checkers."""
    known = {dotted(path) for path in modules()}
    return {dotted(path): set(imported(path, known)) - {dotted(path)} for path in modules()}


def imported(path: Path, known: set[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative imports are not used"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                if name in known or node.module in known:
                    yield name if name in known else node.module


def room_of(module: str) -> str | None:
    """The room that a module stands in; None for files at the top."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else None


def test_the_top_of_the_package_shows_the_rooms() -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(ROOMS)
    assert len(list(ROOT.glob("*.py"))) <= 8


def test_arrows_between_rooms_point_down() -> None:
    wrong = []
    for module, targets in graph().items():
        mine = room_of(module)
        for target in targets if mine is not None else ():
            other = room_of(target)
            if other is None:
                allowed = target.removeprefix("gradcheck.") in GROUND
            else:
                below = set(ROOMS[: ROOMS.index(mine)]) if mine else set()
                allowed = other == mine or other in ONLY.get(mine or "", below)
            if not allowed:
                wrong.append(f"{module} -> {target}")
    assert not wrong


def test_what_every_room_may_import_imports_no_room() -> None:
    assert not {f"{name} -> {t}" for name in GROUND for t in graph()[f"gradcheck.{name}"] if room_of(t)}


def test_no_file_imports_itself_in_a_circle() -> None:
    try:
        graphlib.TopologicalSorter(graph()).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_every_room_states_its_promise() -> None:
    promises = dict(re.findall(r"^\| `(\w+)/` \| ([^|]+?) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    stated = {room: ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text("utf-8"))) for room in ROOMS}
    assert promises == {room: (text or "").split("\n\n")[0].replace("\n", " ") for room, text in stated.items()}


def test_every_file_says_what_it_is_for() -> None:
    assert not [path for path in modules() if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]


def test_the_numerics_see_no_arrays() -> None:
    for path in (ROOT / "differences").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(?:import|from) (?:numpy|scipy)\b", text, re.MULTILINE), path


def loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sorted(sys.modules))"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_importing_gradcheck_loads_nothing_that_is_not_used() -> None:
    loaded = loaded_by("import gradcheck")
    assert not loaded & {"numpy", "scipy", "rich", "click", "optree", "joblib", "pydantic", "torch", "jax"}


def test_a_check_loads_neither_scipy_nor_what_only_shows() -> None:
    loaded = loaded_by("import gradcheck; gradcheck.check_gradients(lambda x: x * x, lambda x: 2 * x, 1.0)")
    assert "numpy" in loaded
    assert not {name.split(".")[0] for name in loaded} & {"scipy", "rich", "click", "joblib", "torch", "jax"}


def test_every_public_name_is_there() -> None:
    for name in gradcheck.__all__:
        assert getattr(gradcheck, name) is not None
    assert set(gradcheck.__all__) <= set(dir(gradcheck))
    with pytest.raises(AttributeError, match="no_such_name"):
        gradcheck.no_such_name  # noqa: B018


def test_importing_the_networks_loads_no_numpy() -> None:
    assert not loaded_by("import gradcheck.nn") & {"numpy", "scipy"}
