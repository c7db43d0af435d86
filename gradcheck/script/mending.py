"""Tries the changes of a line in the program itself."""

from __future__ import annotations

import itertools
import time

import numpy as np

from gradcheck.script.analysis import Analysis
from gradcheck.script.judgement import Accused
from gradcheck.script.repair import Edit, edits, swaps
from gradcheck.script.source import Source

#: For how many seconds of computing.
PATIENCE = 3.0


def repaired(analysis: Analysis, accused: Accused, names: list[str], rng: np.random.Generator) -> Edit | None:
    """The first small change of a line with which the gradients that it made wrong are right."""
    program = analysis.step.program
    site = accused.site
    text = program.sources[site.file].text
    limit = time.process_time() + PATIENCE
    others = _variables(analysis, accused)
    for edit in itertools.chain(edits(text, site.line), swaps(text, site.line, others)):
        if time.process_time() > limit:
            break
        pieces = [Source(f, edit.source if f == site.file else program.sources[f].text) for f in program.order]
        if site.file not in program.order:
            return None  # a module of the user's own: only the script itself is run again
        if analysis.right_with(pieces, names, rng):
            return edit
    return None


def _variables(analysis: Analysis, accused: Accused) -> list[str]:
    """Names of variables of the function that a line stands in, which could stand in it as well."""
    read = [analysis.flow.nodes[i] for i in analysis.flow.parents[accused.node.index]]
    shapes = {node.shape for node in read}
    found = []
    for node in analysis.flow.nodes:
        if node.site.function == accused.site.function and node.index != accused.node.index and node.shape in shapes:
            found += [name for name in node.names if name.isidentifier()]
    return list(dict.fromkeys(found))[:20]
