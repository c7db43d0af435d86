"""Settings of the documentation site: ``sphinx-build -W -b html docs docs/_build``."""

from __future__ import annotations

import inspect
import shutil
from pathlib import Path
from typing import Any

import gradcheck

DOCS = Path(__file__).parent
ROOT = DOCS.parent

project = "gradcheck"
author = "The gradcheck developers"
project_copyright = author
release = version = gradcheck.__version__

extensions = ["sphinx.ext.autodoc", "numpydoc", "myst_nb"]
exclude_patterns = ["_build", "jupyter_execute"]  # the second is where myst_nb writes
templates_path = ["_templates"]

nb_execution_mode = "off"  # the test suite runs the notebooks
myst_heading_anchors = 3
default_role = "code"  # what stands between single backticks in docstrings
autodoc_typehints = "none"  # numpydoc sections give the types
autodoc_preserve_defaults = True
numpydoc_show_class_members = False

html_theme = "pydata_sphinx_theme"
html_title = f"gradcheck {release}"
html_sidebars = {"**": ["sidebar-contents"]}
html_theme_options = {"navbar_center": [], "show_nav_level": 1, "show_prev_next": False}
html_show_sourcelink = False

#: Sphinx reads files below ``docs`` only. Pages that stand elsewhere are copied to this folder, which git ignores.
COPIES = DOCS / "_copies"
COPIED = ("CHANGELOG.md", "CONTRIBUTING.md", "notebooks/first_check.ipynb", "notebooks/xor_post.ipynb")


def copy_pages() -> None:
    """Copy the pages that stand outside ``docs``, with their links into ``docs`` adapted."""
    shutil.rmtree(COPIES, ignore_errors=True)
    COPIES.mkdir()
    for name in COPIED:
        text = (ROOT / name).read_text(encoding="utf-8")
        (COPIES / Path(name).name).write_text(text.replace("](docs/", "](../"), encoding="utf-8")


def link_to_copies(app: Any, docname: str, source: list[str]) -> None:
    """Let links of a page in ``docs`` lead to the copies."""
    for name in COPIED:
        source[0] = source[0].replace(f"](../{name})", f"](_copies/{Path(name).name})")


def inherit_attributes(app: object, what: str, name: str, obj: Any, options: object, lines: list[str]) -> None:
    """Give a class without a section on its attributes that of its base: the data of a report are in a base class."""
    if what != "class" or "Attributes" in lines:
        return
    for base in obj.__mro__[1:]:
        text = inspect.cleandoc(base.__doc__ or "") if base.__module__.startswith("gradcheck") else ""
        _, found, attributes = text.partition("\nAttributes\n----------\n")
        if found:
            lines += ["", "Attributes", "----------", *attributes.splitlines(), ""]
            return


def setup(app: Any) -> None:
    """Called by Sphinx before it looks for source files."""
    copy_pages()
    app.connect("source-read", link_to_copies)
    app.connect("autodoc-process-docstring", inherit_attributes, priority=100)  # before numpydoc, which has 500
