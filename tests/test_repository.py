"""The pages and files that people meet first: they name what exists, list everything, and agree with the code."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import gradcheck
from gradcheck.reports.pages import pages
from tests.test_architecture import ONLY, ROOMS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

#: What Sphinx, builds and environments leave behind in a checkout.
GENERATED = {"_build", "_copies", "jupyter_execute", "build", "dist", "__pycache__", "PKG-INFO"}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def sources() -> list[Path]:
    """All pages below ``docs``."""
    return [path for path in sorted(DOCS.rglob("*.md")) if not GENERATED & set(path.relative_to(DOCS).parts)]


def assigned(name: str, variable: str) -> Any:
    """The literal that a module assigns to a variable."""
    for node in ast.parse(read(name)).body:
        if isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == [variable]:
            return ast.literal_eval(node.value)
    raise AssertionError(f"{name} does not assign {variable}")


# -- paths and links ---------------------------------------------------------------------------------------------------


def paths_in(text: str) -> list[str]:
    """Paths in backticks: what has a slash or the suffix of a file."""
    quoted = re.findall(r"`([\w<>./-]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return [name for name in quoted if "/" in name or name.endswith((".py", ".md", ".toml"))]


def absent(text: str) -> list[str]:
    """Paths that lead nowhere, from the root or the package; of one with a placeholder the folder must be there."""
    found = [(name, name.rpartition("/")[0] if "<" in name else name) for name in paths_in(text)]
    found = [(name, path) for name, path in found if "<" not in path]
    return [name for name, path in found if not (ROOT / path).exists() and not (ROOT / "gradcheck" / path).exists()]


def test_paths_that_lead_nowhere_are_noticed() -> None:
    assert absent("`probes/line.py`, `docs/` and `tests/probes/test_<name>.py`") == []
    assert absent("`probes/ray.py`, `tests/nowhere/test_<name>.py`") == [
        "probes/ray.py",
        "tests/nowhere/test_<name>.py",
    ]


@pytest.mark.parametrize(("name", "least"), [("docs/architecture.md", 60), ("CONTRIBUTING.md", 25)])
def test_pages_about_the_code_name_only_files_that_exist(name: str, least: int) -> None:
    assert absent(read(name)) == []
    assert len(paths_in(read(name))) >= least


def broken_links(name: str, text: str) -> list[str]:
    """Relative links of a page that lead to no file, or to no heading of a page."""
    links = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return [link for link in links if "://" not in link and not leads_somewhere(ROOT / name, text, link)]


def leads_somewhere(page: Path, text: str, link: str) -> bool:
    """Whether a link of a page leads to a file, and the part after # to a heading there."""
    file, _, anchor = link.partition("#")
    target = page.parent / file if file else page
    if file and not target.is_file():
        return False
    return not anchor or anchor in anchors(text if not file else target.read_text(encoding="utf-8"))


def anchors(text: str) -> set[str]:
    """What headings are called in links, as GitHub and myst do it."""
    headings = re.findall(r"^#+ +(.+?) *$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    words = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower() for heading in headings]
    return {re.sub(r"[^\w\- ]", "", word).replace(" ", "-") for word in words}


def test_links_that_lead_nowhere_are_noticed() -> None:
    right = "[a](method.md), [b](doctor.md#the-findings), [c](#here-it-is), [d](x://y), ![e](pictures/trials.svg)"
    right += "\n# Here, it `is`"
    assert broken_links("docs/index.md", right) == []
    wrong = "[a](methods.md), [b](doctor.md#the-finding), [c](#there), ![e](pictures/trial.svg)\n# Here"
    links = ["methods.md", "doctor.md#the-finding", "#there", "pictures/trial.svg"]
    assert broken_links("docs/index.md", wrong) == links


def test_relative_links_lead_to_files() -> None:
    names = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", *(str(path.relative_to(ROOT)) for path in sources())]
    broken = {name: broken_links(name, read(name)) for name in names}
    assert {name: links for name, links in broken.items() if links} == {}


# -- the documentation site --------------------------------------------------------------------------------------------


def in_toctrees() -> set[str]:
    """Documents in the toctrees of all pages, without their suffix; globs are expanded."""
    found: set[str] = set()
    for page in sources():
        for block in re.findall(r"```{toctree}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            for entry in [line for line in block.splitlines() if line and not line.startswith(":")]:
                matches = sorted(page.parent.glob(f"{entry}.md"))
                documents = matches if "*" in entry else [page.parent / f"{entry}.md"]
                found |= {str(path.relative_to(DOCS).with_suffix("")) for path in documents}
    return found


def test_every_page_is_in_a_toctree() -> None:
    written = {str(path.relative_to(DOCS).with_suffix("")) for path in sources()} - {"index"}
    copied = {f"_copies/{Path(name).stem}" for name in assigned("docs/conf.py", "COPIED")}
    assert in_toctrees() == written | copied
    assert len(written) > 50


def test_every_notebook_is_on_the_site() -> None:
    notebooks = {f"notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")}
    copied = set(assigned("docs/conf.py", "COPIED"))
    assert notebooks
    assert notebooks <= copied
    assert all((ROOT / name).is_file() for name in copied)


def test_the_catalogue_lists_every_page_with_its_code() -> None:
    listed = re.findall(
        r"^\| (G[CT]\d{3}) \| \[([\w-]+)\]\((mistakes|training)/([\w-]+)\.md\)", read("docs/catalogue.md"), re.M
    )
    assert all(text == file for _, text, _, file in listed)
    known = [(page.code, page.slug) for page in pages() if page.slug != "unexplained"]
    assert [(code, slug) for code, slug, _, _ in listed] == known


def test_the_reference_lists_every_public_name() -> None:
    text = read("docs/reference.md")
    assert sorted(re.findall(r"^\.\. auto\w+:: (\w+)$", text, re.MULTILINE)) == sorted(gradcheck.__all__)


def test_the_architecture_page_says_what_each_room_may_import() -> None:
    rows = re.findall(r"^\| `(\w+)/` \| [^|]+ \| ([^|]+?) \|$", read("docs/architecture.md"), re.MULTILINE)
    assert [room for room, _ in rows] == list(ROOMS)
    for number, (room, text) in enumerate(rows):
        above = set(ROOMS[:number])
        stated = above if text == "all above" else set(re.findall(r"`(\w+)`", text))
        assert stated == ONLY.get(room, above), room


# -- the glossary ------------------------------------------------------------------------------------------------------


def terms() -> dict[str, str]:
    return {
        term: " ".join(text.split())
        for term, text in re.findall(
            r"^\*\*(.+?)\*\*: (.+?)(?=\n\n|\Z)", read("docs/glossary.md"), re.MULTILINE | re.DOTALL
        )
    }


def test_the_glossary_is_sorted() -> None:
    headed = re.findall(r"^\*\*(.+?)\*\*: ", read("docs/glossary.md"), re.MULTILINE)
    assert headed == sorted(set(headed), key=str.casefold)
    assert len(headed) > 50


def test_each_term_has_two_sentences() -> None:
    assert {term: text for term, text in terms().items() if len(re.findall(r"[.?](?=\s|$)", text)) != 2} == {}


def test_the_glossary_explains_the_words_of_reports() -> None:
    shown = {
        "block",
        "claimed gradient",
        "numerical derivative",
        "gap",
        "error bar",
        "resolution",
        "verdict",
        "finding",
    }
    assert shown | {"adjoint", "cotangent", "kink", "subgradient", "step", "seed", "rtol"} <= set(terms())


# -- files for developers ----------------------------------------------------------------------------------------------


def test_the_five_commands_exist() -> None:
    functions = [node for node in ast.parse(read("noxfile.py")).body if isinstance(node, ast.FunctionDef)]
    sessions = {f.name for f in functions if any(ast.unparse(d).startswith("nox.session") for d in f.decorator_list)}
    assert sessions == {"tests", "lint", "types", "docs", "benchmarks"}
    assert set(re.findall(r"`nox -s (\w+)`", read("CONTRIBUTING.md"))) == sessions


def test_each_benchmark_page_has_its_command() -> None:
    commands = assigned("noxfile.py", "BENCHMARKS")
    for page, (module, *_) in commands.items():
        assert (DOCS / f"{page}.md").is_file()
        assert (ROOT / f"{module.replace('.', '/')}.py").is_file()
    assert {f"docs/{page}.md" for page in commands} <= set(paths_in(read("CONTRIBUTING.md")))


def test_the_citation_agrees_with_the_package() -> None:
    lines = dict(re.findall(r"^([\w-]+): *(.*)$", read("CITATION.cff"), re.MULTILINE))
    project = tomllib.loads(read("pyproject.toml"))["project"]
    assert lines["cff-version"] == "1.2.0"
    assert lines["version"].strip('"') == gradcheck.__version__
    assert lines["license"] == project["license"]
    assert lines["title"].strip('"') == project["name"]
    assert f'name: "{project["authors"][0]["name"]}"' in read("CITATION.cff")


def test_hooks_run_the_tools_of_the_environment() -> None:
    text = read(".pre-commit-config.yaml")
    assert re.findall(r"^ *entry: (\w+)", text, re.MULTILINE) == ["ruff", "ruff", "mypy"]
    assert text.count("language: system") == 3
    assert "://" not in text


def test_the_source_distribution_has_all_that_stands_at_the_top() -> None:
    included = tomllib.loads(read("pyproject.toml"))["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert [name for name in included if not (ROOT / name).exists()] == []
    top = {
        path.name for path in ROOT.iterdir() if not path.name.startswith(".") and not path.name.endswith(".egg-info")
    }
    assert top - GENERATED - {"pyproject.toml"} == {name for name in included if not name.startswith(".")}


def test_figures_of_the_readme_are_those_of_the_benchmarks() -> None:
    quoted = {"calibration": ["16,000", "99.99%"], "naming": ["8,550", "99.72%", "0.05%"]}
    for page, figures in quoted.items():
        for figure in figures:
            assert figure in read("README.md")
            assert figure.replace(",", "") in read(f"docs/{page}.md")


def test_the_readme_commands_are_where_automation_looks_for_them() -> None:
    commands = re.findall(r"^```sh\n(.*?)^```", read("README.md"), re.MULTILINE | re.DOTALL)
    assert len(commands) == 2
    assert "pytest" in commands[1]
