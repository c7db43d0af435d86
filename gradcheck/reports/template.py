"""Fills the templates of HTML pages, which share the frame of a page and the section of a report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gradcheck._version import __version__
from gradcheck.errors import GradcheckError

FOLDER = Path(__file__).parent


def require_jinja2() -> None:
    """Raise `GradcheckError` if jinja2 is not installed: better before a long check than after it."""
    try:
        import jinja2  # noqa: F401
    except ImportError:
        raise GradcheckError("the HTML report needs jinja2: pip install 'gradcheck[html]'") from None


def filled(template: Path, **values: Any) -> str:
    """A page of HTML: a template, which may extend or include those of this folder, with its values escaped.

    Raises
    ------
    GradcheckError
        If jinja2 is not installed.
    """
    require_jinja2()
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folders = list(dict.fromkeys([template.parent, FOLDER]))
    environment = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template.name).render(version=__version__, **values)
