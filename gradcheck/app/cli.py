"""The command line: `gradcheck check`, `doctor`, `demo`, `pairs` and `explain`. Libraries are imported when used."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gradcheck._version import __version__

if TYPE_CHECKING:
    from gradcheck.reports.report import Report
    from gradcheck.training.doctor.report import DoctorReport

#: Exit status if the check could not run.
CANNOT_RUN = 2

_format = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Output format.")
_output = click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file instead of standard output."
)
_rtol_help = "Relative error of an entry that is tolerated."
_seed_help = "Seed of random numbers; the same seed gives the same report.  [default: a new seed]"
_loss = click.option("--loss", help="For a script that never computes its loss: an expression in its variables.")
_pair = click.option(
    "--pair", "pairs", multiple=True, metavar="W=dW", help="For a script: dW is the gradient with respect to W."
)
_function = click.option("--function", help="For a script: the function that performs one training step.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gradcheck")
def main() -> None:
    """Check hand-written gradients: is a gradient right, where is it wrong, and what is the mistake?

    Exit status: 0 all pass, 1 a gradient is wrong, 2 the check could not run, 3 undecided.
    """


@main.command(short_help="Check the gradient of a script, a model or a function.")
@click.argument("target")
@_format
@_output
@click.option("--rtol", type=float, help=f"{_rtol_help}  [default: by dtype, 5e-5 for float64]")
@click.option("--seed", type=click.IntRange(min=0), help=_seed_help)
@click.option("--budget", type=int, help="Largest number of evaluations of the loss.  [default: 2000]")
@click.option("--entries", is_flag=True, help="Also measure every entry separately.")
@click.option("--workers", type=int, help="Number of processes that evaluate the loss.  [default: 1]")
@click.option(
    "--method",
    type=click.Choice(["gradcheck", "textbook"]),
    default="gradcheck",
    help="gradcheck, or for comparison the method of textbooks: one step size and one ratio of norms.",
)
@_loss
@_pair
@_function
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

    A script needs no changes. It runs up to its training loop, and may write files until then. The loop itself is
    never run: one iteration is replayed many times with slightly different parameters, without plots, input, output or
    waiting. ARGUMENTS, after --, are passed to the script.

    A name refers to a model (with `params` and `loss`), to a gradcheck Subject, or to a function without arguments
    that returns one of these or the tuple (fun, grad, x0). Output of the program goes to standard error.
    """
    with _user_errors(), redirect_stdout(sys.stderr):
        if Path(target).suffix in (".py", ".ipynb"):
            report = _program_report(target, seed, loss, pairs, function, arguments, options)
        else:
            from gradcheck.checks.gradients import check_subject
            from gradcheck.subjects.load import load

            report = check_subject(load(target), rng=seed, progress=sys.stderr.isatty(), **options)
        text = _formatted(report, form, output)
    _write(text, output)
    sys.exit(report.verdict.exit_status)


@main.command(short_help="Find out why the loss does not go down.")
@click.argument("target")
@_format
@_output
@click.option(
    "--step", type=float, default=0.03, show_default=True, help="Learning rate; for a script it is read from the code."
)
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    help="Number of training steps.  [default: 10000; for a script, read from the code]",
)
@click.option(
    "--budget",
    type=click.IntRange(min=0),
    default=1000,
    show_default=True,
    help="Training steps for each remedy that is tried.",
)
@click.option("--seed", type=click.IntRange(min=0), help=_seed_help)
@click.option("--plots", type=click.Path(file_okay=False), help="Folder for plots, as SVG and PNG.")
@_loss
@_pair
@_function
@click.argument("arguments", nargs=-1)
def doctor(target: str, form: str, output: Path | None, **options: Any) -> None:
    """Find out why the loss of TARGET does not go down although its gradient is right.

    The gradient is checked first. Then possible causes are measured, and remedies are tried for a number of steps.
    TARGET and ARGUMENTS are as for `check`. The exit status is that of the check: 0 for a right gradient, even if the
    training has a problem.
    """
    with _user_errors(), redirect_stdout(sys.stderr):
        report = _doctor_report(target, options)
        if form == "json":
            from gradcheck.training.doctor.json import json_of

            text = json_of(report)
        else:
            from gradcheck.training.doctor.text import coloured_of

            terminal = output is None and sys.__stdout__ is not None and sys.__stdout__.isatty()
            text = coloured_of(report) if terminal else str(report)
    _write(text, output)
    sys.exit(report.verdict.exit_status)


@main.command(short_help="Show gradcheck on two small networks.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of random numbers.")
def demo(seed: int) -> None:
    """Show gradcheck on two small networks that learn XOR, one of them with a wrong gradient."""
    from rich.console import Console

    from gradcheck.app.demo import render_demo, run_demo

    console = Console()
    if not console.is_terminal:
        console = Console(width=100)
    console.print(render_demo(run_demo(seed)))


@main.command(short_help="Check every layer of gradcheck.nn with every loss.")
@click.option("--layer", "layers", multiple=True, help="Check this layer only; may be repeated.  [default: all]")
@click.option("--loss", "losses", multiple=True, help="Check this loss only; may be repeated.  [default: all]")
@_format
@_output
@click.option("--rtol", type=float, help=f"{_rtol_help}  [default: 5e-5]")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of random numbers.")
def pairs(
    layers: tuple[str, ...], losses: tuple[str, ...], form: str, output: Path | None, rtol: float | None, seed: int
) -> None:
    """Check every layer of gradcheck.nn with every loss, and print a table."""
    from gradcheck.checks.progress import counter
    from gradcheck.testing.pairs.run import pairs as check_pairs
    from gradcheck.testing.pairs.text import coloured_of, json_of

    with _user_errors(), counter("pairs", shown=sys.stderr.isatty()) as progress:
        table = check_pairs(layers or None, losses or None, rng=seed, rtol=rtol, progress=progress)
    terminal = output is None and sys.stdout.isatty()
    _write(json_of(table) if form == "json" else coloured_of(table) if terminal else str(table), output)
    sys.exit(table.verdict.exit_status)


@main.command(short_help="Explain a mistake by its code, or list all mistakes.")
@click.argument("mistake", required=False)
def explain(mistake: str | None) -> None:
    """Explain a MISTAKE or a finding of the doctor, given by code or slug, such as GC302 or GT101.

    Without an argument, list all of them.
    """
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


def _program_report(
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
    from gradcheck.subjects.load import existing_file

    if options["method"] != "gradcheck" or options["entries"] or options["workers"] is not None:
        raise TargetError(
            "--method, --entries and --workers cannot be used with scripts, only with models and functions"
        )
    hints = hints_of(loss, pairs, function, arguments)
    return check_program(existing_file(target), hints=hints, rng=seed, rtol=options["rtol"], budget=options["budget"])


def _doctor_report(target: str, options: dict[str, Any]) -> DoctorReport:
    """Run the doctor on a script, or on the object that a name refers to."""
    from gradcheck.training.doctor.api import doctor_subject

    shared: dict[str, Any] = {name: options[name] for name in ("budget", "plots")}
    shared |= {"rng": options["seed"], "progress": sys.stderr.isatty()}
    if Path(target).suffix in (".py", ".ipynb"):
        from gradcheck.scripts.hints import hints_of
        from gradcheck.subjects.load import existing_file
        from gradcheck.training.doctor.script import doctor_program

        hints = hints_of(options["loss"], options["pairs"], options["function"], options["arguments"])
        return doctor_program(existing_file(target), hints=hints, steps=options["steps"], **shared)
    from gradcheck.subjects.load import load

    return doctor_subject(load(target), step=options["step"], steps=options["steps"], **shared)


def _formatted(report: Report, form: str, output: Path | None) -> str:
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
    """Turn an error that prevents a verdict into a message and exit status 2."""
    from gradcheck.errors import GradcheckError
    from gradcheck.tracebacks import user_traceback

    try:
        yield
    except GradcheckError as error:
        _stop(str(error))
    except SystemExit as error:
        _stop(
            f"the checked code called exit({error.code!r}): move code that only a run as a script needs below "
            "if __name__ == '__main__':"
        )
    except KeyboardInterrupt:
        _stop("interrupted; the parameters are restored")
    except Exception as error:
        _stop(f"the checked code raised an exception\n{user_traceback(error)}")


def _stop(message: str) -> None:
    click.echo(f"gradcheck: {message}", err=True)
    sys.exit(CANNOT_RUN)
