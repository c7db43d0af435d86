"""Options of `gradcheck check` from the table ``[tool.gradcheck]`` of a ``pyproject.toml``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

FILE = "pyproject.toml"

#: Options that a file cannot set.
_NOT_IN_A_FILE = ("help",)

#: What an option takes, by the name of its type in click.
_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "integer": ((int,), "a whole number"),
    "integer range": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
    "float range": ((int, float), "a number"),
    "boolean": ((bool,), "true or false"),
}


def configured(command: click.Command, folder: Path) -> dict[str, Any]:
    """Defaults of a command, by the names of its parameters.

    Parameters
    ----------
    command : click.Command
    folder : Path
        The file is looked for here, and in the folders above; the nearest one with the table counts.

    Raises
    ------
    click.UsageError
        If the file cannot be read, or has an unknown option or a value that cannot be used; the message names it.
    """
    found = _table(folder)
    if found is None:
        return {}
    path, table = found
    options = {_long_name(p): p for p in command.params if isinstance(p, click.Option)}
    known = [name for name in options if name not in _NOT_IN_A_FILE]
    for name in table:
        if name not in known:
            import difflib

            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"the options are {', '.join(known)}"
            raise click.UsageError(f"{path}: [tool.gradcheck] has no option {name!r}; {hint}")
    return {str(options[name].name): _checked(options[name], value, f"{path}: {name}") for name, value in table.items()}


def _table(folder: Path) -> tuple[Path, dict[str, Any]] | None:
    """The nearest file with the table, and the table."""
    for place in (folder, *folder.parents):
        path = place / FILE
        if not path.is_file():
            continue
        import tomllib

        try:
            table = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("gradcheck")
        except (OSError, ValueError) as error:
            raise click.UsageError(f"{path}: {error}") from None
        if isinstance(table, dict):
            return path, table
    return None


def _long_name(option: click.Option) -> str:
    return max(option.opts, key=len).lstrip("-")


def _checked(option: click.Option, value: Any, where: str) -> Any:
    """A value in the type of its option."""
    if option.multiple:
        if not (isinstance(value, list) and all(isinstance(each, str) for each in value)):
            raise click.UsageError(f"{where} = {value!r}: write a list of texts")
        return value
    types, kind = _KINDS.get("boolean" if option.is_flag else option.type.name, ((str,), "a text"))
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise click.UsageError(f"{where} = {value!r}: write {kind}")
    try:
        option.type.convert(value, option, None)
    except click.BadParameter as error:
        raise click.UsageError(f"{where} = {value!r}: {error.message}") from None
    return value
