"""The arrows between the modules, and what importing costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import gradcheck

ROOT = Path(gradcheck.__file__).parent

#: Stages from left to right. A module imports only what stands on a line before its own, or beside it.
STAGES = (
    ("_version", "errors", "effort", "settings", "blame", "doubt", "rehearsal", "nn"),
    ("fitting",),
    ("estimate",),
    ("numerics",),
    ("view",),
    ("subject", "tree"),
    ("adapters", "terrain", "scene"),
    ("mistakes",),
    ("planting",),
    ("direction",),
    ("ray", "comparison"),
    ("site",),
    ("scrutiny", "chord", "remainder"),
    ("survey", "halving"),
    ("search",),
    ("kinks", "accusation", "arrival", "neighbourhood"),
    ("check", "finding"),
    ("checker",),
    ("vantage",),
    ("evidence", "pattern"),
    ("diagnosis",),
    ("culprits",),
    ("findings", "report"),
    ("reports", "textbook", "options", "observers", "progress"),
    ("script", "rules"),
    ("api", "target"),
    ("training",),
    ("pairing",),
    ("examples",),
    ("demo", "explain"),
    ("strategies", "testing"),
    ("cli", "magic", "pytest_plugin", "_hypothesis"),
    ("__main__", "__init__"),
)
LEVEL = {name: level for level, names in enumerate(STAGES) for name in names}

#: What the library calls late, so that a report can print itself.
LATE = {
    ("report", "reports"),
    ("api", "progress"),
    ("api", "textbook"),
    ("reports", "pairing"),
    ("pairing", "reports"),
    ("reports", "training"),
}


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def stage_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        yield from names


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_dependencies_point_to_the_left(path: Path) -> None:
    mine = stage_of(path)
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "gradcheck" or len(parts) < 2 or (mine, parts[1]) in LATE:
            continue
        assert LEVEL[parts[1]] <= LEVEL[mine], f"{mine} imports {name}"


@pytest.mark.parametrize("path", sorted((ROOT / "numerics").glob("*.py")), ids=lambda path: path.name)
def test_the_numerics_see_no_arrays(path: Path) -> None:
    assert not {"numpy", "scipy"} & {name.split(".")[0] for name in imports(path)}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_one_idea(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 330


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


@pytest.mark.parametrize("path", sorted((ROOT / "nn").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_layers_and_losses_know_nothing_of_the_checker(path: Path) -> None:
    for name in imports(path):
        assert not name.startswith("gradcheck") or name.startswith("gradcheck.nn"), name


def test_importing_the_networks_loads_no_numpy() -> None:
    assert not loaded_by("import gradcheck.nn") & {"numpy", "scipy"}
