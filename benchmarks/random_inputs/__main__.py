"""Does any input make gradcheck fail with an error of its own, or break a promise?

    python -m benchmarks.random_inputs --first 0 --count 100000 --output docs/random-inputs.md

Each input is drawn from its number alone. `--case NUMBER` runs one again, with the whole traceback.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import traceback
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import gradcheck
from benchmarks.output import add_output, write
from benchmarks.random_inputs.cases import CHECKS, Case, case
from benchmarks.random_inputs.functions import flat
from gradcheck.reports.json import json_of

#: The package, and the author's functions.
_PACKAGE, _AUTHOR = Path(gradcheck.__file__).parent, Path(__file__).parent

#: Inputs of one task.
_CHUNK = 100

#: Outcomes in which a promise is broken.
BROKEN = (
    "error of its own",
    "warning of its own",
    "right gradient called wrong",
    "pass beside a resolution above 1",
    "more evaluations than the budget",
    "point changed",
    "state changed",
    "report not reproduced",
)


@dataclass(frozen=True)
class Outcome:
    """What came of an input.

    Attributes
    ----------
    number : int
    check, outcome : str
    detail : str
    """

    number: int
    check: str
    outcome: str
    detail: str = ""


def outcome(number: int) -> Outcome:
    """Run an input."""
    drawn = case(number)
    before, states = copy.deepcopy(drawn.x), _states()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            report = drawn.run()
            problem = _broken_promise(drawn, report, number)
            found = (report.verdict.value, "") if problem is None else problem
        except gradcheck.GradcheckError as error:
            found = "refused", str(error)
        except Exception as error:
            found = _blamed(drawn, error)
    own = next((w for w in caught if _is_in(w.filename, _PACKAGE)), None)
    if found[0] not in BROKEN and own is not None:
        found = "warning of its own", f"{own.filename}:{own.lineno}: {own.message}"
    if found[0] not in BROKEN and drawn.x is not None and not is_same(before, drawn.x):
        found = "point changed", ""
    if found[0] not in BROKEN and not is_same(states, _states()):
        found = "state changed", ""
    return Outcome(number, drawn.check, *found)


def _broken_promise(drawn: Case, report: gradcheck.Report, number: int) -> tuple[str, str] | None:
    for text in (str(report), repr(report), report._repr_html_(), json_of(report)):
        assert text
    json.loads(json_of(report))
    verdict = report.verdict.value
    if drawn.is_right and verdict == "fail":
        return "right gradient called wrong", str(report)
    if drawn.budget is not None and report.evaluations > max(drawn.budget, 1):
        return "more evaluations than the budget", f"{report.evaluations} > {drawn.budget}"
    for block in report.blocks.values():
        if block.verdict.value == "pass" and block.resolution is not None and not block.resolution <= 1:
            return "pass beside a resolution above 1", f"{block.name}: {block.resolution}"
    if number % 20 == 0 and drawn.is_right:
        again = case(number).run()
        if _plain(again) != _plain(report) and report.seed == again.seed:
            return "report not reproduced", ""
    return None


def _plain(report: gradcheck.Report) -> Any:
    found = json.loads(json_of(report))
    found.pop("seconds", None)
    return found


def _blamed(drawn: Case, error: Exception) -> tuple[str, str]:
    """Whose error it is: the innermost frame that is the author's or the package's tells."""
    frames = traceback.extract_tb(error.__traceback__)
    detail = f"{type(error).__name__}: {error}"
    mine = [f for f in frames if _is_in(f.filename, _PACKAGE)]
    deepest = next((f for f in reversed(frames) if _is_in(f.filename, _PACKAGE) or _is_in(f.filename, _AUTHOR)), None)
    if deepest is not None and not _is_in(deepest.filename, _PACKAGE):
        if isinstance(error, TypeError) and "unexpected keyword argument" in str(error):
            return "refused", detail
        return "the author's own error", type(error).__name__
    place = f"{Path(mine[-1].filename).relative_to(_PACKAGE)}:{mine[-1].lineno}" if mine else ""
    return "error of its own", f"{place}: {detail}"


def _is_in(file: str, folder: Path) -> bool:
    return folder in Path(file).parents


def _states() -> Any:
    return str(np.random.get_state()), np.geterr(), np.get_printoptions()  # noqa: NPY002


def is_same(a: Any, b: Any) -> bool:
    """Whether two nestings are the same, bit by bit."""
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        same = type(a) is type(b) and a.shape == b.shape and a.dtype == b.dtype
        return same and (a.dtype.kind == "O" or a.tobytes() == b.tobytes())
    if isinstance(a, dict) or (isinstance(a, (list, tuple)) and type(a) is type(b)):
        pairs_a, pairs_b = flat(a), flat(b)
        if len(pairs_a) != len(pairs_b):
            return False
        return all(is_same(x, y) for x, y in zip(pairs_a, pairs_b, strict=True) if x is not a)
    if isinstance(a, (str, bytes, int, float, complex)) or a is None:
        return type(a) is type(b) and (a == b or (a != a and b != b))
    return type(a) is type(b)


def outcomes(numbers: range) -> list[Outcome]:
    """Run some inputs."""
    return [outcome(number) for number in numbers]


def page(found: list[Outcome]) -> str:
    """The results as a page in Markdown."""
    kinds = ["pass", "fail", "undecided", "refused", "the author's own error"]
    lines = [
        "# Random inputs",
        "",
        f"{len(found):,} inputs, each drawn from its number: points of every type, size and nesting, finite or not;",
        "losses and maps that are smooth or not, that raise, return what they should not, or write into arguments;",
        "claims that are right, wrong, of another type, shape or nesting; options as documented, and not. *Refused*:",
        "gradcheck names the argument and what to change. *The author's own error*: one that the checked functions",
        "raise. *Broken* counts all of the following, which never may happen:",
        "",
        *(f"* {kind}: {sum(each.outcome == kind for each in found)}" for kind in BROKEN),
        "",
        "Right gradients of smooth functions in double precision must not fail; wrong ones are not judged here.",
        "Made by `python -m benchmarks.random_inputs`.",
        "",
        f"| check | inputs | {' | '.join(kinds)} | broken |",
        f"|---|{'---:|' * (len(kinds) + 2)}",
    ]
    for check in [*dict.fromkeys(CHECKS), "**all**"]:
        mine = Counter(each.outcome for each in found if check in (each.check, "**all**"))
        cells = [check, str(sum(mine.values())), *(str(mine[kind]) for kind in kinds)]
        lines.append(f"| {' | '.join(cells)} | {sum(mine[kind] for kind in BROKEN)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--case", type=int, help="run one input again, without catching its error")
    add_output(parser)
    options = parser.parse_args()
    if options.case is not None:
        print(outcome(options.case))
        print(case(options.case).run())
        return
    chunks = [
        range(start, min(start + _CHUNK, options.first + options.count))
        for start in range(options.first, options.first + options.count, _CHUNK)
    ]
    found: list[Outcome] = []
    with ProcessPoolExecutor(options.workers) as pool:
        for some in pool.map(outcomes, chunks):
            found += some
            for each in some:
                if each.outcome in BROKEN:
                    print(each, file=sys.stderr, flush=True)
    write(page(found), options.output)


if __name__ == "__main__":
    main()
