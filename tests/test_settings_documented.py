"""Every field of a settings class is documented, in the order in which it is declared."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import gradcheck

ROOT = Path(gradcheck.__file__).parent


def settings_classes() -> list[type[Any]]:
    """All dataclasses of the package whose name ends in Settings and whose fields all have defaults."""
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and node.name.endswith("Settings"):
                module = ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)
                settings = getattr(importlib.import_module(module), node.name)
                if all(field.default is not dataclasses.MISSING for field in dataclasses.fields(settings)):
                    found.append(settings)
    return found


def descriptions(docstring: str) -> dict[str, str]:
    """What the Attributes section of a numpydoc docstring says of each name, or names as in "a, b : int"."""
    body = inspect.cleandoc(docstring).partition("Attributes\n----------\n")[2]
    section = re.split(r"^\w[^\n]*\n-{3,}$", body, maxsplit=1, flags=re.MULTILINE)[0]
    parts = re.split(r"^(\w+(?:, \w+)*)(?: :[^\n]*)?\n", section, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def documented(docstring: str) -> list[str]:
    """The names in the Attributes section."""
    return [name for head in descriptions(docstring) for name in head.split(", ")]


def test_names_are_read_from_a_docstring() -> None:
    text = """Settings of a thing.

    Attributes
    ----------
    one : int
        The first, of which `other : float` is no field.
    two, three : float, int
        The second and the third.

    Notes
    -----
    four : int
    """
    assert documented(text) == ["one", "two", "three"]
    assert documented("No section at all.") == []
    assert descriptions(text)["two, three"].split() == ["The", "second", "and", "the", "third."]


@pytest.mark.parametrize("settings", settings_classes(), ids=lambda settings: settings.__name__)
def test_every_field_is_documented_in_order(settings: type[Any]) -> None:
    assert documented(settings.__doc__ or "") == [field.name for field in dataclasses.fields(settings)]


@pytest.mark.parametrize("settings", settings_classes(), ids=lambda settings: settings.__name__)
def test_every_description_is_a_sentence(settings: type[Any]) -> None:
    found = descriptions(settings.__doc__ or "")
    assert found
    assert [head for head, text in found.items() if len(text.split()) < 2 or not text.strip().endswith(".")] == []


@pytest.mark.parametrize("settings", settings_classes(), ids=lambda settings: settings.__name__)
def test_settings_are_frozen_and_have_defaults(settings: type[Any]) -> None:
    value = settings()
    first = dataclasses.fields(settings)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, first, None)
    hash(value)


def test_the_settings_of_the_core_are_found() -> None:
    names = {settings.__name__ for settings in settings_classes()}
    assert {"NoiseSettings", "StepSettings", "ConfirmationSettings", "SpaceSettings"} <= names
    assert {"ProbeSettings", "VerdictSettings", "DiagnosisSettings"} <= names
