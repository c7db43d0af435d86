"""The tables of a run: what was said of right and of wrong gradients, by source, and why some are undecided."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from benchmarks.strangers.judging import Record

INTRODUCTION = """\
# Derivatives of strangers

Derivatives from other packages, right and with planted mistakes: functions with the derivatives that the packages give
(*packages*), and random expression graphs with gradients by automatic differentiation (*graphs*). *Passed* counts
planted mistakes below the stated resolution, which a report says it cannot see; *passed above* counts those that should
have been found. *Right block failed* counts reports on planted mistakes in which a block without a mistake failed.
*Beyond arithmetic* counts, of the undecided right gradients, those in which each undecided block moves the loss by less
than a million of its roundings, as measured without gradcheck: no difference shows such a block to five digits.
*Library's fault* counts gradients that are proved to be wrong in the library itself, and how many of them failed.
"""

COLUMNS = (
    "family",
    "source",
    "right",
    "pass",
    "undecided",
    "beyond arithmetic",
    "false alarm",
    "library's fault",
    "planted",
    "found",
    "undecided",
    "passed",
    "passed above",
    "right block failed",
    "crashes",
)

#: What was found in the packages, beside what the sources state of single cases.
FOUND = """\
## Faults of the packages

* **PyTorch 2.13**, `torch.linalg.matrix_exp`: the gradient loses digits when the incoming one is large. It is linear in
  the incoming gradient, but for a random 3×3 matrix the gradient of `(matrix_exp(a) * (s * e)).sum()`, divided by s, is
  off by 1e-15 for s = 1, 1e-11 for 1e4, 3e-8 for 1e8 and 1e-4 for 1e11, compared with 50 digits by mpmath
  (`scipy.linalg.expm_frechet` agrees to 1e-15). A loss scale of 2e11 made right gradients fail. Graphs with this
  operation have no large scale here.
* **scikit-learn**, `MLPRegressor`: the squared error is averaged over outputs, and the backward pass sums over them.
* **scikit-learn**, t-SNE: with more than one degree of freedom the gradient has another exponent than the derivative.
* **statsmodels 0.15**: `ZeroInflatedPoisson.hessian` has zeros in the place of the block that mixes its two parts;
  `NegativeBinomial.hessian` is by the dispersion, and `score`, before a fit, by its logarithm; `OLS.hessian` of the
  profile likelihood has half of the term XᵀX.
* **PyTorch**, `as_strided_scatter`: zero where the derivative is the incoming gradient. `normal` with a fixed seed:
  zero by definition.
"""

HEADER = f"| {' | '.join(COLUMNS)} |\n|---|---|{'---:|' * (len(COLUMNS) - 2)}"


def row(label: Sequence[str], records: Sequence[Record]) -> str:
    """One line of the table."""
    right = [one for one in records if not one.kind and not one.fault]
    faulty = [one for one in records if one.fault]
    planted = [one for one in records if one.kind]
    verdicts, answers = Counter(one.verdict for one in right), Counter(one.verdict for one in planted)
    above = sum(one.passed_above for one in planted)
    cells = [
        *label,
        len(right),
        verdicts["pass"],
        verdicts["undecided"],
        sum(one.beyond_arithmetic for one in right),
        verdicts["fail"],
        f"{sum(one.verdict == 'fail' for one in faulty)} of {len(faulty)}" if faulty else "",
        len(planted),
        answers["fail"],
        answers["undecided"],
        answers["pass"] - above,
        above,
        sum(bool(one.accused) for one in planted),
        verdicts["crash"] + answers["crash"],
    ]
    return f"| {' | '.join(map(str, cells))} |"


def grouped(records: Iterable[Record]) -> dict[tuple[str, str], list[Record]]:
    """The records by family and source."""
    groups: dict[tuple[str, str], list[Record]] = {}
    for one in records:
        groups.setdefault((one.family, one.source), []).append(one)
    return dict(sorted(groups.items()))


def by_kind(records: Sequence[Record]) -> list[str]:
    """The table of the kinds of mistakes."""
    lines = ["| mistake | planted | found | undecided | passed | passed above |", "|---|---:|---:|---:|---:|---:|"]
    for kind in sorted({one.kind for one in records if one.kind}):
        some = [one for one in records if one.kind == kind]
        answers = Counter(one.verdict for one in some)
        above = sum(one.passed_above for one in some)
        cells = [kind, len(some), answers["fail"], answers["undecided"], answers["pass"] - above, above]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def reasons(records: Sequence[Record]) -> list[str]:
    """How often each reason is given for an undecided block."""
    right: Counter[str] = Counter()
    planted: Counter[str] = Counter()
    for one in records:
        if one.verdict == "undecided" and not one.fault:
            left = [block["note"] for block in one.blocks.values() if block["verdict"] == "undecided"]
            notes = {re.sub(r"^agrees to \S+ of its norm: ", "", note.split(". ")[0]) for note in left}
            (planted if one.kind else right).update(notes)
    lines = ["| reason | right | planted |", "|---|---:|---:|"]
    for reason, _ in (right + planted).most_common():
        lines.append(f"| {reason or 'none given'} | {right[reason]} | {planted[reason]} |")
    return lines


def markdown(records: Sequence[Record], skipped: Sequence[tuple[str, str, str]], command: str) -> str:
    """The page."""
    lines = [INTRODUCTION, f"Made by `{command}`.", "", HEADER]
    families: dict[str, list[Record]] = {}
    for (family, source), some in grouped(records).items():
        lines.append(row((family, source), some))
        families.setdefault(family, []).extend(some)
    for family, source, module in skipped:
        lines.append(f"| {family} | {source} | skipped: {module} is not installed |{' |' * 12}")
    for family, some in families.items():
        lines.append(row((f"**{family}**", "all"), some))
    lines += [
        "",
        "## Kinds of mistakes",
        "",
        *by_kind(records),
        "",
        "## Reasons of undecided blocks",
        "",
        *reasons(records),
        "",
        FOUND.rstrip(),
    ]
    return "\n".join(lines) + "\n"


def failures(records: Sequence[Record]) -> str:
    """The cases that break a promise, one a line, and how to run one again."""
    lines = [
        "",
        "## Cases that break a promise",
        "",
        "`python -m benchmarks.strangers --case NAME` runs one again.",
        "",
    ]
    for one in records:
        if one.verdict == "crash":
            lines.append(f"* crash: `{one.case}` {one.detail}: {one.error.strip().splitlines()[-1]}")
        elif one.fault:
            lines.append(f"* library's fault, {one.verdict}: `{one.case}`: {one.fault}")
        elif not one.kind and one.verdict == "fail":
            lines.append(f"* false alarm: `{one.case}` in {', '.join(one.accused)}")
        elif one.passed_above:
            ratios = ", ".join(f"{name} ×{ratio:.3g}" for name, ratio in one.above.items())
            lines.append(f"* passed above the resolution: `{one.case}` {one.detail} ({ratios})")
        elif one.kind and one.accused:
            lines.append(f"* right block failed: `{one.case}` {one.detail}: {', '.join(one.accused)}")
    return "\n".join(lines) + "\n"
