"""The commands for development: ``nox -s tests``, ``lint``, ``types``, ``docs`` or ``benchmarks``.

Arguments after ``--`` are passed on: ``nox -s tests -- -n0 tests/verdicts``, ``nox -s benchmarks -- calibration cost``.
"""

from __future__ import annotations

import nox

nox.options.default_venv_backend = "venv"
nox.options.sessions = ["lint", "types", "tests", "docs"]

#: Each benchmark page in ``docs`` and the command that writes it.
BENCHMARKS = {
    "calibration": ("benchmarks.calibration",),
    "cost": ("benchmarks.cost",),
    "derivatives-figures": ("benchmarks.maps.detection",),
    "derivatives-peers": ("benchmarks.maps.peers",),
    "detection": ("benchmarks.detection",),
    "detection-all": ("benchmarks.detection", "--mistakes", "9", "--peers", "gradcheck"),
    "doctor-figures": ("benchmarks.doctor",),
    "fuzzing": ("benchmarks.fuzzing",),
    "gallery": ("benchmarks.gallery",),
    "lines-programs": ("benchmarks.lines",),
    "naming": ("benchmarks.naming",),
    "nn-speed": ("benchmarks.nn_speed",),
    "random-inputs": ("benchmarks.random_inputs.__main__", "--count", "100000", "--workers", "2"),
    "scripts-programs": ("benchmarks.scripts",),
    "sensitivity": ("benchmarks.sensitivity",),
    "torch-modules": ("benchmarks.torch_modules",),
    "strangers": ("benchmarks.strangers.__main__", "--seed", "7", "--failures"),
}


@nox.session
def tests(session: nox.Session) -> None:
    """Run the test suite and the doctests."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    session.install("ruff")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly."""
    session.install("-e", ".[test,lint]")
    session.run("mypy", *(session.posargs or ("gradcheck", "tests")))


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation site in ``docs/_build``; a warning is an error."""
    session.install("-e", ".[docs]")
    session.run("sphinx-build", "-W", "-b", "html", "docs", "docs/_build")


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Write the benchmark pages in ``docs`` again: those named, or all, which takes hours."""
    unknown = [page for page in session.posargs if page not in BENCHMARKS]
    if unknown:
        session.error(f"no such benchmark: {', '.join(unknown)}; choose from {', '.join(BENCHMARKS)}")
    session.install("-e", ".[benchmarks,test]")
    for page in session.posargs or BENCHMARKS:
        module, *options = BENCHMARKS[page]
        session.run("python", "-m", module, *options, "--output", f"docs/{page}.md")
