"""Maps with their derivatives, written out by hand, and a short way to see what a report says."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.reports.report import Report
from gradcheck.verdicts.entry import Entry

#: A matrix and a point of fixed random numbers.
WEIGHTS = np.random.default_rng(0).normal(size=(6, 4))
POINT = np.random.default_rng(1).normal(size=4)


def layer(x: Any) -> Any:
    """Tanh of a linear function."""
    return np.tanh(WEIGHTS @ x)


def layer_jacobian(x: Any) -> Any:
    """Its Jacobian."""
    return (1 - np.tanh(WEIGHTS @ x) ** 2)[:, None] * WEIGHTS


def slugs(report: Report) -> list[str]:
    """Names of the mistakes in a report."""
    return [finding.slug for finding in report.findings]


def wrong(report: Report, block: str = "x") -> dict[tuple[int, ...], Entry]:
    """The wrong entries of a block by index."""
    return {entry.index: entry for entry in report.blocks[block].entries if entry.wrong}
