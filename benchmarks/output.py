"""The option ``--output`` of the benchmarks: write the page to a file, or print it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--output``."""
    parser.add_argument("--output", type=Path, help="file for the report, instead of standard output")


def write(text: str, output: Path | None) -> None:
    """Write the report to a file, or print it."""
    if output:
        output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
