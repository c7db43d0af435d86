"""The command line: `check`, `doctor`, `demo`, `pairs`, `explain` and `write`. Libraries are imported when used."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from click.core import ParameterSource
from click.exceptions import Exit

from gradcheck._version import __version__
from gradcheck.app.formats import FORMATS, RERUN, Presentation, formatted, github_annotations, kind_of
from gradcheck.app.main import ARGUMENTS, Main, WithArguments, version_option
from gradcheck.app.terminal import USUAL_WIDTH, appearance, laid_out, printing_to_stderr, say, write
from gradcheck.reports.status import CANNOT_RUN, FAULT, gravest

if TYPE_CHECKING:
    from gradcheck.app.check_target import Choices
    from gradcheck.app.targets import Target
    from gradcheck.reports.outcome import Outcome
    from gradcheck.scripts.hints import Hints
    from gradcheck.training.doctor.report import DoctorReport

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


@click.group(cls=Main, context_settings={"help_option_names": ["-h", "--help"]})
@version_option(__version__)
@click.pass_context
def main(context: click.Context, /) -> None:
    """Check hand-written gradients: is a gradient right, where is it wrong, and what is the mistake?

    Exit status: 0 all pass, 1 a gradient is wrong, 2 a check could not run, 3 undecided, 70 a fault of gradcheck
    itself. Of several targets it is the gravest, in the order 70, 1, 2, 3, 0.

    Options of `check` may stand in pyproject.toml, in the table [tool.gradcheck]: jobs = 4, only-wrong = true.
    """
    if context.invoked_subcommand == check.name:
        from gradcheck.app.configuration import configured

        context.default_map = {str(check.name): configured(check, Path.cwd())}


@main.command(cls=WithArguments, short_help="Check the gradients of scripts, models and functions.")
@click.argument("targets", nargs=-1, required=True, metavar="TARGET...")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    metavar="FORMAT",
    help=f"Output format: {', '.join(FORMATS)}.  [default: text]",
)
@_output
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Check N targets at once.  [default: 1]")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), metavar="S", help="Seconds for each target.")
@click.option("--only-wrong", is_flag=True, help="Leave out targets that pass.")
@click.option("--diff", is_flag=True, help="For scripts: show the repair that was found as a diff.")
@click.option("--fix", is_flag=True, help="For scripts: write the repairs that hold, after showing them as a diff.")
@click.option("--rtol", type=float, metavar="R", help=f"{_rtol_help}  [default: by dtype, 5e-5 for float64]")
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help=_seed_help)
@click.option(
    "--budget",
    type=int,
    metavar="N",
    help="Largest number of evaluations of the loss, for each target.  [default: 2000]",
)
@click.option("--entries", is_flag=True, help="Also measure every entry separately.")
@click.option("--workers", type=int, metavar="N", help="Number of processes that evaluate the loss.  [default: 1]")
@click.option(
    "--method",
    type=click.Choice(["gradcheck", "textbook", "taylor", "complex", "jax"]),
    default="gradcheck",
    metavar="METHOD",
    help="gradcheck; with a second witness in the notes: taylor, complex (the complex step), jax; or for comparison "
    "textbook: one step size and one ratio of norms.",
)
@_loss
@_pair
@_function
@click.pass_context
def check(
    context: click.Context,
    /,
    targets: tuple[str, ...],
    form: str,
    output: Path | None,
    jobs: int | None,
    timeout: float | None,
    only_wrong: bool,
    diff: bool,
    fix: bool,
    loss: str | None,
    pairs: tuple[str, ...],
    function: str | None,
    **options: Any,
) -> None:
    """Check the gradient of each TARGET: script.py, notebook.ipynb, file.py:name, package.module:name, or a folder.

    A script needs no changes. It runs up to its training loop, and may write files until then. The loop itself is
    never run: one iteration is replayed many times with slightly different parameters, without plots, input, output or
    waiting. ARGUMENTS, after --, are passed to the script.

    A name refers to a model (with `params` and `loss`), to a gradcheck Subject, or to a function without arguments
    that returns one of these, the tuple (fun, grad, x0) or (fun, jac, x0), (fun, grad, hess, x0), (forward, adjoint,
    x_like, y_like), or a dict with the arguments of check_problem and its siblings by name. Output of the program goes
    to standard error.

    A folder stands for all scripts and notebooks in it; a pattern such as "*.py" for the files that match. Of several
    targets, each is checked in a process of its own, and a table at the end lists them, the worst first.
    """
    from gradcheck.app.check_target import Choices
    from gradcheck.app.targets import expanded

    _check_format(form)
    arguments = context.meta[ARGUMENTS]
    found, several = expanded(targets)
    hints = _hints(loss, pairs, function, arguments)
    if arguments and not any(target.is_program for target in found):
        _stop(f"what follows -- is passed to a script, and none of the targets is one: {' '.join(arguments)}")
    progress = not several and sys.stderr is not None and sys.stderr.isatty()
    in_file = frozenset(name for name in options if context.get_parameter_source(name) is ParameterSource.DEFAULT_MAP)
    choices = Choices(hints=hints, progress=progress, curves=form == "html", from_file=in_file, **options)
    outcomes = _outcomes(found, choices, several, jobs or 1, timeout)
    how = Presentation(form, several, only_wrong, appearance(output))
    troubles = _deliver(outcomes, how, output)
    show = say if form != "text" or output is not None else _show
    if diff and not fix:
        _show_diffs(outcomes, show)
    if fix:
        outcomes, more = _fixed(found, outcomes, choices, timeout, show)
        troubles += more
    raise Exit(gravest([*(outcome.exit_status for outcome in outcomes), *([CANNOT_RUN] if troubles else [])]))


def _check_format(form: str) -> None:
    """Stop before anything is checked if a format cannot be written."""
    if form == "html":
        from gradcheck.reports.template import require_jinja2

        with _user_errors():
            require_jinja2()


def _hints(loss: str | None, pairs: Sequence[str], function: str | None, arguments: Sequence[str]) -> Hints | None:
    """What is said about scripts; None if nothing is."""
    if loss is None and function is None and not pairs and not arguments:
        return None
    from gradcheck.errors import GradcheckError
    from gradcheck.scripts.hints import hints_of

    try:
        return hints_of(loss, pairs, function, arguments)
    except GradcheckError as error:
        _stop(str(error))


def _outcomes(
    targets: Sequence[Target], choices: Choices, several: bool, jobs: int, timeout: float | None
) -> list[Outcome]:
    """Check one target in this process, several or for a limited time in processes of their own."""
    if not several and timeout is None:
        from gradcheck.app.check_target import check_target

        outcomes = [check_target(targets[0], choices)]
    else:
        from gradcheck.app.processes import check_all
        from gradcheck.checks.progress import counter

        shown = several and sys.stderr is not None and sys.stderr.isatty()
        done: list[str] = []
        with counter("targets", shown=shown) as progress:

            def finished(outcome: Outcome, printed: str) -> None:
                done.append(outcome.target)
                if printed:
                    say(f"{outcome.target} printed:\n{printed}" if several else printed)
                if progress is not None:
                    progress(len(done), len(targets), outcome.target)

            outcomes = check_all(targets, choices, jobs=jobs, timeout=timeout, finished=finished)
    for outcome in outcomes:
        if outcome.report is None and (not several or outcome.fault):
            say(f"gradcheck: {outcome.error}")
    return outcomes


def _deliver(outcomes: Sequence[Outcome], how: Presentation, output: Path | None) -> list[str]:
    """Write the outcomes. Returns why they could not be written."""
    from gradcheck.errors import GradcheckError

    try:
        text = formatted(outcomes, how)
    except GradcheckError as error:
        say(f"gradcheck: {error}")
        return [str(error)]
    results = [write(text, output, kind_of(how.form))] if text or output is not None else []
    if how.form == "text" and os.environ.get("GITHUB_ACTIONS") == "true" and (notes := github_annotations(outcomes)):
        results.append(write(notes))
    troubles = [trouble for trouble in results if trouble is not None]
    for trouble in troubles:
        say(f"gradcheck: {trouble}")
    return troubles


def _fixed(
    targets: Sequence[Target],
    outcomes: Sequence[Outcome],
    choices: Choices,
    timeout: float | None,
    show: Callable[[str], object],
) -> tuple[list[Outcome], list[str]]:
    """Repair the scripts. Returns the outcomes of all targets as they stand now, and what could not be written."""
    from gradcheck.app.fix import fixed

    now, troubles = [], []
    for target, outcome in zip(targets, outcomes, strict=True):
        repair = fixed(target, outcome, lambda each: _outcomes([each], choices, False, 1, timeout)[0], show)
        if repair is not None:
            say(f"gradcheck: {repair.message}")
            troubles += [] if repair.written else [repair.message]
        now.append(outcome if repair is None else repair.outcome)
    return now, troubles


def _show_diffs(outcomes: Sequence[Outcome], show: Callable[[str], object]) -> None:
    """Show the repairs that were found, or say that there is none."""
    from gradcheck.app.fix import shown_diff

    diffs = [text for text in map(shown_diff, outcomes) if text]
    for text in diffs:
        show(text)
    if not diffs:
        say("gradcheck: no repair was found")


def _show(text: str) -> None:
    """Write more of a result to standard output."""
    write(f"\n{text}")


@main.command(cls=WithArguments, short_help="Find out why the loss does not go down.")
@click.argument("target")
@click.option("--format", "form", type=click.Choice(["text", "json", "html"]), default="text", help="Output format.")
@_output
@click.option(
    "--step", type=float, metavar="R", help="Learning rate.  [default: 0.03; for a script, read from the code]"
)
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    metavar="N",
    help="Number of training steps.  [default: 10000; for a script, read from the code]",
)
@click.option(
    "--budget",
    type=click.IntRange(min=0),
    default=1000,
    metavar="N",
    help="Training steps for each remedy that is tried.  [default: 1000]",
)
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help=_seed_help)
@click.option("--plots", type=click.Path(file_okay=False), help="Folder for plots, as SVG and PNG.")
@_loss
@_pair
@_function
@click.pass_context
def doctor(context: click.Context, /, target: str, form: str, output: Path | None, **options: Any) -> None:
    """Find out why the loss of TARGET does not go down although its gradient is right.

    The gradient is checked first. Then possible causes are measured, and remedies are tried for a number of steps.
    TARGET and ARGUMENTS are as for `check`. The exit status is that of the check: 0 for a right gradient, even if the
    training has a problem.
    """
    _check_format(form)
    options |= {"arguments": context.meta[ARGUMENTS], "pictures": form == "html"}
    with _user_errors(), printing_to_stderr():
        report = _doctor_report(target, options)
        if form == "html":
            from gradcheck.training.doctor.page import page_of

            page = page_of(report, rerun=RERUN)
    if form == "html":
        text = page
    elif form == "json":
        from gradcheck.training.doctor.json import json_of

        text = json_of(report)
    else:
        from gradcheck.reports.text import WIDTH
        from gradcheck.training.doctor.text import render

        look = appearance(output)
        look = replace(look, width=look.width or WIDTH)
        text = laid_out(render(report, look.width or WIDTH, RERUN), look)
    _finish(text, output, report.verdict.exit_status, kind_of(form))


@main.command(short_help="Show gradcheck on two small networks.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, metavar="N", help="Seed of random numbers.  [default: 0]"
)
def demo(seed: int) -> None:
    """Show gradcheck on two small networks that learn XOR, one of them with a wrong gradient."""
    from gradcheck.app.demo import WIDTH, render_demo, run_demo

    look = appearance()
    look = replace(look, width=look.width or WIDTH)
    _finish(laid_out(render_demo(run_demo(seed)), look), None, 0)


@main.command(short_help="Check every layer of gradcheck.nn with every loss.")
@click.option("--layer", "layers", multiple=True, help="Check this layer only; may be repeated.  [default: all]")
@click.option("--loss", "losses", multiple=True, help="Check this loss only; may be repeated.  [default: all]")
@_format
@_output
@click.option("--rtol", type=float, metavar="R", help=f"{_rtol_help}  [default: 5e-5]")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, metavar="N", help="Seed of random numbers.  [default: 0]"
)
def pairs(
    layers: tuple[str, ...], losses: tuple[str, ...], form: str, output: Path | None, rtol: float | None, seed: int
) -> None:
    """Check every layer of gradcheck.nn with every loss, and print a table."""
    from gradcheck.checks.progress import counter
    from gradcheck.reports.text import WIDTH
    from gradcheck.testing.pairs.run import pairs as check_pairs
    from gradcheck.testing.pairs.text import json_of, render

    shown = sys.stderr is not None and sys.stderr.isatty()
    with _user_errors(), counter("pairs", shown=shown) as progress:
        table = check_pairs(layers or None, losses or None, rng=seed, rtol=rtol, progress=progress)
    look = appearance(output)
    text = json_of(table) if form == "json" else laid_out(render(table, look.width or WIDTH), look)
    _finish(text, output, table.verdict.exit_status, kind_of(form))


@main.command(short_help="Explain a mistake by its code, or list all mistakes.")
@click.argument("mistake", required=False)
def explain(mistake: str | None) -> None:
    """Explain a MISTAKE or a finding of the doctor, given by code or slug, such as GC302 or GT101.

    Without an argument, list all of them.
    """
    from gradcheck.app.explain import listed, page, wrapped

    look = appearance()
    if mistake is None:
        _finish(listed(look.width), None, 0)
    with _user_errors():
        found = page(mistake)
    if sys.stdout is not None and sys.stdout.isatty():
        from rich.markdown import Markdown

        _finish(laid_out(Markdown(found.text), look), None, 0)
    _finish(wrapped(found.text, look.width or USUAL_WIDTH), None, 0)


@main.command("write", short_help="Write a pytest file that checks a gradient.")
@click.argument("target")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="The file; - is standard output.  [default: test_NAME.py beside the target]",
)
def write_test(target: str, output: Path | None) -> None:
    """Write a test for TARGET, ready for pytest: a script, or the name of a model, a layer or a function.

    TARGET is as for `check`. A file that exists is never overwritten.
    """
    from gradcheck.app.write import default_output, written_test

    with _user_errors(), printing_to_stderr():
        path = default_output(target) if output is None or str(output) == "-" else output
        text = written_test(target, path)
    if output is not None and str(output) == "-":
        _finish(text.rstrip("\n"), None, 0)
    if path.exists():
        _stop(f"{path} exists already: choose another file with --output, or print the test with --output -")
    trouble = write(text.rstrip("\n"), path)
    if trouble is not None:
        _stop(trouble)
    _finish(f"{path} is written; run it with: pytest {path}", None, 0)


def _doctor_report(target: str, options: dict[str, Any]) -> DoctorReport:
    """Run the doctor on a script, or on the object that a name refers to."""
    from gradcheck.app.targets import Target
    from gradcheck.training.doctor.api import doctor_subject

    shared: dict[str, Any] = {name: options[name] for name in ("budget", "plots", "pictures")}
    shared |= {"rng": options["seed"], "progress": sys.stderr is not None and sys.stderr.isatty()}
    if Target(target).is_program:
        from gradcheck.scripts.hints import hints_of
        from gradcheck.subjects.load import existing_file
        from gradcheck.training.doctor.script import doctor_program

        hints = hints_of(options["loss"], options["pairs"], options["function"], options["arguments"])
        return doctor_program(existing_file(target), hints=hints, steps=options["steps"], **shared)
    from gradcheck.subjects.load import load

    step = DOCTOR_STEP if options["step"] is None else options["step"]
    return doctor_subject(load(target), step=step, steps=options["steps"], **shared)


#: Learning rate of `gradcheck doctor` for models and functions.
DOCTOR_STEP = 0.03


def _finish(text: str, output: Path | None, status: int, kind: str = "plain") -> NoReturn:
    """Write a result, and end; the status of one that could not be written is 2, unless it is graver."""
    trouble = write(text, output, kind)
    if trouble is not None:
        say(f"gradcheck: {trouble}")
    raise Exit(gravest([status, CANNOT_RUN if trouble else 0]))


@contextmanager
def _user_errors() -> Iterator[None]:
    """Turn an error that prevents a verdict into a message and exit status 2, or 70 for a fault of gradcheck."""
    try:
        yield
    except BaseException as error:
        from gradcheck.app.faults import is_fault, message_of

        _stop(message_of(error), FAULT if is_fault(error) else CANNOT_RUN)


def _stop(message: str, status: int = CANNOT_RUN) -> NoReturn:
    say(f"gradcheck: {message}")
    raise Exit(status)
