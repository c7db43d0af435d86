"""The modules of PyTorch, with the inputs of its own tests: right as they are, and with hooks that change a gradient.

python -m benchmarks.torch_modules --output docs/torch-modules.md
"""

from __future__ import annotations

import argparse
import collections
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

import gradcheck
from benchmarks.output import add_output, write
from gradcheck.subjects.convert import as_subject

#: Inputs of each module that are used.
RIGHT, PLANTED = 6, 2

#: Right modules that are called wrong, and why they are.
KNOWN = {
    "nn.CTCLoss": "its gradient with respect to the logarithms of probabilities is the derivative only where these are "
    "normalised, as `log_softmax` leaves them, and steps in single entries do not stay there"
}


def _one_entry(gradient: Any) -> Any:
    found = gradient.clone()
    flat = found.view(-1)
    place = int(flat.abs().argmax())
    flat[place] = 1.5 * flat[place]
    return found


MISTAKES: dict[str, tuple[Callable[[Any], Any], tuple[str, ...]]] = {
    "−1 times": (lambda g: -g, ("sign-flipped",)),
    "½ of it": (lambda g: g / 2, ("constant-factor", "mean-sum")),
    "1.2 times": (lambda g: 1.2 * g, ("constant-factor",)),
    "ones in its place": (torch.ones_like, ("upstream-ignored",)),
    "one entry 1.5 times": (_one_entry, ("isolated-entries", "constant-factor")),
}


class Changed(torch.nn.Module):
    """A module whose output gets another gradient."""

    def __init__(self, inner: torch.nn.Module, hook: Callable[[Any], Any]) -> None:
        super().__init__()
        self.inner, self.hook = inner, hook

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        output = self.inner(*args, **kwargs)
        output.register_hook(self.hook)
        return output


@dataclass
class Row:
    """Counts of one condition."""

    counts: collections.Counter[str] = field(default_factory=collections.Counter)
    wrong: list[str] = field(default_factory=list)


def drawn(dtype: torch.dtype, training: bool, most: int) -> Iterator[tuple[str, torch.nn.Module, Any]]:
    """Modules with a batch, by name; those that their own test inputs do not fit are left out."""
    from torch.testing._internal.common_modules import module_db

    for info in module_db:
        try:
            inputs = info.module_inputs_func(info, device="cpu", dtype=dtype, requires_grad=True, training=training)
        except Exception:  # not in this type
            continue
        for given in inputs[:most]:
            torch.manual_seed(0)
            forward = given.forward_input
            if forward is None or (forward.args and forward.kwargs):
                continue
            batch = dict(forward.kwargs) if forward.kwargs else list(forward.args)
            try:
                made = given.constructor_input
                module = info.module_cls(*made.args, **made.kwargs).to(dtype).train(training)
                module(**batch) if isinstance(batch, dict) else module(*batch)
            except Exception:  # what only other tests can call
                continue
            yield info.name, module, batch


def right(dtype: torch.dtype, training: bool) -> Row:
    """Verdicts on modules as they are."""
    row = Row()
    for seed, (name, module, batch) in enumerate(drawn(dtype, training, RIGHT)):
        try:
            report = gradcheck.check_gradients(module, batch=batch, rng=seed)
        except gradcheck.GradcheckError:  # empty, or not finite
            row.counts["left out"] += 1
            continue
        verdict = report.verdict.value
        row.counts["known" if verdict == "fail" and name in KNOWN else verdict] += 1
        if verdict != "pass":
            row.wrong.append(f"{name}: {verdict}")
    return row


def planted(dtype: torch.dtype, mistake: str) -> Row:
    """Verdicts on modules whose outputs get a wrong gradient."""
    hook, slugs = MISTAKES[mistake]
    row = Row()
    for seed, (name, module, batch) in enumerate(drawn(dtype, True, PLANTED)):
        try:
            before, subject = as_subject(module, batch=batch), as_subject(Changed(module, hook), batch=batch)
            claims = [each.gradient(each.point) for each in (before, subject)]
        except (gradcheck.GradcheckError, AttributeError, RuntimeError):  # not one tensor, or no graph
            continue
        if name in KNOWN or all(np.allclose(x, y, rtol=1e-3) for x, y in zip(*claims, strict=True)):
            continue  # wrong anyway, or changed where no gradient arrives
        try:
            report = gradcheck.check_gradients(subject, rng=seed)
        except gradcheck.GradcheckError:  # not finite
            continue
        row.counts[report.verdict.value] += 1
        if report.verdict.value == "fail":
            first = report.findings[0].slug if report.findings else ""
            row.counts["named" if first in slugs else "unnamed" if first == "unexplained" else "misnamed"] += 1
        else:
            row.wrong.append(f"{name}, {mistake}: {report.verdict.value}")
    return row


def page() -> str:
    """The page."""
    lines = [
        "# Modules of PyTorch, measured",
        "",
        f"Made by `python -m benchmarks.torch_modules` with PyTorch {torch.__version__.partition('+')[0]}. The modules",
        f"are those that PyTorch itself tests, with up to {RIGHT} of its inputs each, checked as",
        "`check_gradients(module, batch=inputs)`.",
        "",
        "## As they are",
        "",
        "| type | mode | pass | undecided | fail, rightly | fail | not finite or empty |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    rows = {
        (str(dtype).removeprefix("torch."), "training" if training else "evaluation"): right(dtype, training)
        for dtype in (torch.float64, torch.float32)
        for training in (True, False)
    }
    for (kind, mode), row in rows.items():
        shown = (row.counts[key] for key in ("pass", "undecided", "known", "fail", "left out"))
        lines.append(f"| {kind} | {mode} | {' | '.join(map(str, shown))} |")
    lines += ["", *(f"* {name}: {why}." for name, why in KNOWN.items()), ""]
    others = sorted({each for row in rows.values() for each in row.wrong if each.partition(":")[0] not in KNOWN})
    lines += ["Others that do not pass: " + ("; ".join(others) or "none") + ".", ""]
    lines += [
        "## With a hook that changes the gradient of the output",
        "",
        f"Up to {PLANTED} inputs of each module that returns one tensor, in training mode. Hooks that change nothing",
        "that arrives anywhere are left out. *Named*: by a name that fits.",
        "",
        "| gradient of the output | type | fail | undecided | pass | named | without a name | another name |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    missed = []
    for mistake in MISTAKES:
        for dtype in (torch.float64, torch.float32):
            row = planted(dtype, mistake)
            keys = ("fail", "undecided", "pass", "named", "unnamed", "misnamed")
            kind = str(dtype).removeprefix("torch.")
            lines.append(f"| {mistake} | {kind} | {' | '.join(str(row.counts[key]) for key in keys)} |")
            missed += [f"{each} ({kind})" for each in row.wrong]
    lines += ["", "Not failing: " + ("; ".join(missed) or "none") + "."]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_output(parser)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    write(page(), options.output)


if __name__ == "__main__":
    main()
