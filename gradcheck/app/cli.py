"""The command line: thin, and late to import."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gradcheck._version import __version__

if TYPE_CHECKING:
    from gradcheck.reports.data import Report
    from gradcheck.training.doctor.report import DoctorReport

#: Exit status where the check could not run.
CANNOT_RUN = 2

_format = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="What to print.")
_output = click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write there, not to standard output."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gradcheck")
def main() -> None:
    """Say whether a hand-written gradient is right, and where it is wrong.

    Exit status: 0 all pass, 1 a gradient is wrong, 2 the check could not run, 3 undecided.
    """


@main.command()
@click.argument("target")
@_format
@_output
@click.option("--rtol", type=float, help="Relative error of an entry that is tolerated.  [default: by dtype, 5e-5]")
@click.option("--seed", type=click.IntRange(min=0), help="Reproduces a check.  [default: a fresh one]")
@click.option("--budget", type=int, help="Evaluations of the loss that may be spent.  [default: 2000]")
@click.option("--entries", is_flag=True, help="Measure every entry one by one as well.")
@click.option("--workers", type=int, help="Processes that evaluate the loss.  [default: 1]")
@click.option("--method", type=click.Choice(["gradcheck", "textbook"]), default="gradcheck", help="How to check.")
@click.option("--loss", help="Of a script that never computes its loss: an expression in its variables.")
@click.option("--pair", "pairs", multiple=True, metavar="W=dW", help="Of a script: dW claims to be the gradient by W.")
@click.option("--function", help="Of a script: the function that is one training step.")
@click.argument("arguments", nargs=-1)
def check(
    target: str,
    form: str,
    output: Path | None,
    seed: int | None,
    loss: str | None,
    pairs: tuple[str, ...],
    function: str | None,
    arguments: tuple[str, ...],
    **options: Any,
) -> None:
    """Check the gradient of TARGET: script.py, notebook.ipynb, file.py:name or package.module:name.

    A script is checked as it stands: it runs up to its training loop, files that it writes until then included. One
    pass of the loop is then replayed, with small changes, without plots, input, output or waiting; the loop itself is
    never run. ARGUMENTS, after --, are the script's own.

    A name is a model (with `params` and `loss`), a gradcheck Subject, or a function without arguments that returns one
    of them or the tuple (fun, grad, x0). What the program prints goes to standard error.
    """
    with _user_errors(), redirect_stdout(sys.stderr):
        if Path(target).suffix in (".py", ".ipynb"):
            report = _program(target, seed, loss, pairs, function, arguments, options)
        else:
            from gradcheck.checks.gradients import check_subject
            from gradcheck.subjects.load import load

            report = check_subject(load(target), rng=seed, progress=sys.stderr.isatty(), **options)
        text = _shown(report, form, output)
    _write(text, output)
    sys.exit(report.verdict.exit_status)


@main.command()
@click.argument("target")
@_format
@_output
@click.option(
    "--step", type=float, default=0.03, show_default=True, help="Step size; that of a script is read from it."
)
@click.option(
    "--steps", type=click.IntRange(min=1), help="Steps that training takes.  [default: 10000; a script's own]"
)
@click.option("--budget", type=click.IntRange(min=0), default=1000, show_default=True, help="Steps of each trial.")
@click.option("--seed", type=click.IntRange(min=0), help="Reproduces it all.  [default: a fresh one]")
@click.option("--plots", type=click.Path(file_okay=False), help="A folder for pictures, as SVG and PNG.")
@click.option("--loss", help="Of a script that never computes its loss: an expression in its variables.")
@click.option("--pair", "pairs", multiple=True, metavar="W=dW", help="Of a script: dW claims to be the gradient by W.")
@click.option("--function", help="Of a script: the function that is one training step.")
@click.argument("arguments", nargs=-1)
def doctor(target: str, form: str, output: Path | None, **options: Any) -> None:
    """Say why the loss of TARGET does not go down although its gradient is right, and what helps.

    TARGET and ARGUMENTS are as for `check`. The gradient is checked first. The exit status is that of the check: 0
    for a right gradient, whatever ails the training.
    """
    with _user_errors(), redirect_stdout(sys.stderr):
        report = _examined(target, options)
        if form == "json":
            from gradcheck.training.doctor.json import json_of

            text = json_of(report)
        else:
            from gradcheck.training.doctor.text import coloured_of

            terminal = output is None and sys.__stdout__ is not None and sys.__stdout__.isatty()
            text = coloured_of(report) if terminal else str(report)
    _write(text, output)
    sys.exit(report.verdict.exit_status)


@main.command()
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
def demo(seed: int) -> None:
    """Tell a right gradient from a wrong one, on two networks that learn XOR."""
    from rich.console import Console

    from gradcheck.app.demo import render_demo, story

    console = Console()
    if not console.is_terminal:
        console = Console(width=100)
    console.print(render_demo(story(seed)))


@main.command()
@click.option("--layer", "layers", multiple=True, help="Only this layer; may be repeated.  [default: all]")
@click.option("--loss", "losses", multiple=True, help="Only this loss; may be repeated.  [default: all]")
@_format
@_output
@click.option("--rtol", type=float, help="Relative error of an entry that is tolerated.  [default: 5e-5]")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
def pairs(
    layers: tuple[str, ...], losses: tuple[str, ...], form: str, output: Path | None, rtol: float | None, seed: int
) -> None:
    """Check every layer of gradcheck.nn with every loss, and show the table."""
    from gradcheck.checks.progress import counter
    from gradcheck.testing.pairs.run import pairs as check_pairs
    from gradcheck.testing.pairs.text import coloured_of, json_of

    with _user_errors(), counter("pairs", shown=sys.stderr.isatty()) as progress:
        table = check_pairs(layers or None, losses or None, rng=seed, rtol=rtol, progress=progress)
    terminal = output is None and sys.stdout.isatty()
    _write(json_of(table) if form == "json" else coloured_of(table) if terminal else str(table), output)
    sys.exit(table.verdict.exit_status)


@main.command()
@click.argument("mistake", required=False)
def explain(mistake: str | None) -> None:
    """Explain a MISTAKE or a finding of the doctor, by its code or slug: GC302, GT101. Without one, list them all."""
    from gradcheck.app.explain import page, pages

    with _user_errors():
        found = page(mistake) if mistake else None
    if found is None:
        width = max(len(each.slug) for each in pages())
        _write("\n".join(f"{each.code}  {each.slug:{width}}  {each.summary}" for each in pages()), None)
    elif sys.stdout.isatty():
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(found.text))
    else:
        _write(found.text.rstrip(), None)


def _program(
    target: str,
    seed: int | None,
    loss: str | None,
    pairs: tuple[str, ...],
    function: str | None,
    arguments: tuple[str, ...],
    options: dict[str, Any],
) -> Report:
    """Check a script or a notebook."""
    from gradcheck.errors import TargetError
    from gradcheck.scripts.hints import hints_of
    from gradcheck.scripts.program import check_program
    from gradcheck.subjects.load import existing

    if options["method"] != "gradcheck" or options["entries"] or options["workers"] is not None:
        raise TargetError("--method, --entries and --workers are for models and functions, not for scripts")
    hints = hints_of(loss, pairs, function, arguments)
    return check_program(existing(target), hints=hints, rng=seed, rtol=options["rtol"], budget=options["budget"])


def _examined(target: str, options: dict[str, Any]) -> DoctorReport:
    """Examine a script, or what a name stands for."""
    from gradcheck.training.doctor.api import doctor_subject

    shared: dict[str, Any] = {name: options[name] for name in ("budget", "plots")}
    shared |= {"rng": options["seed"], "progress": sys.stderr.isatty()}
    if Path(target).suffix in (".py", ".ipynb"):
        from gradcheck.scripts.hints import hints_of
        from gradcheck.subjects.load import existing
        from gradcheck.training.doctor.script import doctor_program

        hints = hints_of(options["loss"], options["pairs"], options["function"], options["arguments"])
        return doctor_program(existing(target), hints=hints, steps=options["steps"], **shared)
    from gradcheck.subjects.load import load

    return doctor_subject(load(target), step=options["step"], steps=options["steps"], **shared)


def _shown(report: Report, form: str, output: Path | None) -> str:
    if form == "json":
        from gradcheck.reports.json import json_of

        return json_of(report)
    from gradcheck.reports.text import coloured_of

    terminal = output is None and sys.__stdout__ is not None and sys.__stdout__.isatty()
    return coloured_of(report) if terminal else str(report)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text)
        return
    try:
        output.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        _stop(f"--output {output}: {error.strerror}")


@contextmanager
def _user_errors() -> Iterator[None]:
    """Turn what goes wrong before there is a verdict into a message and exit status 2."""
    from gradcheck.errors import GradcheckError
    from gradcheck.tracebacks import user_traceback

    try:
        yield
    except GradcheckError as error:
        _stop(str(error))
    except SystemExit as error:
        _stop(f"the code under check ended with exit({error.code!r}): put what runs under if __name__ == '__main__'")
    except KeyboardInterrupt:
        _stop("interrupted; the parameters are as they were")
    except Exception as error:
        _stop(f"the code under check raised\n{user_traceback(error)}")


def _stop(message: str) -> None:
    click.echo(f"gradcheck: {message}", err=True)
    sys.exit(CANNOT_RUN)
