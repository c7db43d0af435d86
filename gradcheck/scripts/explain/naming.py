"""Names the mistake in a faulty line, in the program's own words."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gradcheck.diagnosis.attribution import Fault, diagnosed
from gradcheck.diagnosis.mistakes import FACTOR_MISTAKES
from gradcheck.probes.evaluator import Evaluator
from gradcheck.scripts.blame.analysis import Analysis
from gradcheck.scripts.blame.faulty_line import FaultyLine
from gradcheck.scripts.blame.localisation import Localisation
from gradcheck.scripts.chain_rule.vjp import Variable
from gradcheck.scripts.explain.factors import find_factor
from gradcheck.scripts.explain.paths import find_partial_path
from gradcheck.scripts.explain.subjects import LARGEST_ACTIVATION, LineSubject
from gradcheck.scripts.graph.dataflow import BasePoint
from gradcheck.scripts.graph.nodes import Node
from gradcheck.scripts.instrument.values import Array
from gradcheck.verdicts.checker import CheckOptions, check
from gradcheck.verdicts.verdict import Verdict

#: The slug of a mistake that has no name.
UNEXPLAINED = "unexplained"


@dataclass(frozen=True)
class NamingSettings:
    """What the diagnosis of a line may use.

    Attributes
    ----------
    budget : int
        Evaluations of the line's own check.
    constant_error : float
        The relative error of a measured constant.
    tolerance : float
        The relative difference up to which a gradient is the right one, summed.
    variables : int
        Other variables of the same shape.
    """

    budget: int = 1500
    constant_error: float = 1e-5
    tolerance: float = 1e-6
    variables: int = 12


NAMING = NamingSettings()


@dataclass(frozen=True)
class Explanation:
    """The mistake in a line.

    Attributes
    ----------
    line : FaultyLine
        Where it is best fixed.
    slug : str
        `UNEXPLAINED` if the mistake has no name.
    message : str
        What is wrong; empty if nothing is known.
    evidence : str
        The numbers behind it, if they are not those of the chain rule.
    """

    line: FaultyLine
    slug: str = UNEXPLAINED
    message: str = ""
    evidence: str = ""


def explain(
    analysis: Analysis, localisation: Localisation, line: FaultyLine, rtol: float, rng: np.random.Generator
) -> Explanation:
    """Name the mistake in a faulty line."""
    found = _by_constant(analysis, line) if line.constant is not None else _by_chain_rule(analysis, line, rtol, rng)
    if found.slug == "regulariser-missing":
        found = replace(found, line=localisation.where_used(line))
    return found


def _by_constant(analysis: Analysis, line: FaultyLine) -> Explanation:
    assert line.constant is not None
    error, counts = NAMING.constant_error * abs(line.constant), counts_of(analysis)
    for scale in FACTOR_MISTAKES:
        text = scale.describe_factor(line.constant, error, counts)
        if text is not None:
            return Explanation(line, scale.slug, text)
    return Explanation(line)


def _by_chain_rule(analysis: Analysis, line: FaultyLine, rtol: float, rng: np.random.Generator) -> Explanation:
    factor = find_factor(analysis.graph, analysis.chain, analysis.forward, line.pair)
    if factor is not None:
        return Explanation(line, factor.slug, factor.message)
    path = find_partial_path(analysis.graph, analysis.chain, analysis.forward, line.pair)
    if path is not None:
        return Explanation(line, path.slug, path.message)
    if _is_summed_too_far(analysis, line):
        variable = line.pair.variable
        message = f"summed over all of {variable.label} {variable.shape}, one number for many"
        return Explanation(line, "broadcast-not-summed", message)
    fault = _diagnosed(analysis, line, rtol, rng)
    if fault is None:
        return Explanation(line)
    if fault.diagnosis is None:
        return Explanation(line, message="" if fault.pattern is None else str(fault.pattern))
    named = fault.diagnosis.named[0]
    return Explanation(line, named.mistake.slug, named.message, fault.diagnosis.evidence)


def _is_summed_too_far(analysis: Analysis, line: FaultyLine) -> bool:
    """Whether a gradient of too few entries is the right one, summed over more axes than it should be."""
    node, variable = line.node, line.pair.variable
    if variable.parameter is None or not node.size < variable.size <= LARGEST_ACTIVATION:
        return False
    entries = list(np.ndindex(*variable.shape))
    padded = (1,) * (len(variable.shape) - len(node.shape)) + node.shape
    axes = tuple(i for i, n in enumerate(padded) if n == 1)
    for base in analysis.bases:
        right = analysis.chain.gradient(line.pair.pullback, base, entries).reshape(variable.shape)
        summed, claim = right.sum(axis=axes).ravel(), line.pair.factor * base.value(node).ravel()
        largest = float(np.abs(right).max())
        if not np.allclose(claim, summed, rtol=NAMING.tolerance, atol=NAMING.tolerance * largest):
            return False
    return True


def _diagnosed(analysis: Analysis, line: FaultyLine, rtol: float, rng: np.random.Generator) -> Fault | None:
    """The line checked and diagnosed as a subject of its own."""
    pair, base = line.pair, analysis.bases[-1]
    subject = LineSubject(
        analysis.chain,
        base,
        pair if line.node is pair.node else replace(pair, upstream=()),
        _activation(analysis, pair.variable),
        counts_of(analysis),
        _similar(analysis, pair.variable, base),
    )
    evaluator = Evaluator(subject, NAMING.budget)
    try:
        result = check(evaluator, CheckOptions(rtol, loss_accuracy=0.0), rng)
        wrong = [i for i, b in enumerate(result.blocks) if b.verdict is Verdict.FAIL and b.screening is not None]
        found = diagnosed(evaluator, result, wrong, rtol, rng)
    except Exception:  # the program's own code, at values that it was not written for
        return None
    return found[0] if found else None


def _activation(analysis: Analysis, variable: Variable) -> Node | None:
    """What the program makes directly of a variable, of the same shape."""
    if variable.node is None or variable.node.size > LARGEST_ACTIVATION:
        return None
    for index in sorted(analysis.graph.successors.get(variable.node.index, {})):
        node = analysis.graph.nodes[index]
        if index in analysis.forward and node.shape == variable.shape != () and not node.is_increment:
            return node
    return None


def counts_of(analysis: Analysis) -> dict[int, str]:
    """Lengths of axes and sequences in the step, each with the sentence that says of what."""
    found: dict[int, str] = {}
    for node in analysis.graph.nodes:
        for axis, n in enumerate(node.shape):
            if n > 1 and n not in found:
                found[n] = f"{n} is the length of axis {axis} of {node.label}"
    found.pop(2, None)  # a factor of 2 is that of a square, more often than any length
    for name, value in analysis.step.sequences():
        if len(value) > 2 and not any(hasattr(item, "__dict__") for item in value[:3]):
            found.setdefault(len(value), f"{len(value)} is the length of {name}")
    return found


def _similar(analysis: Analysis, variable: Variable, base: BasePoint) -> dict[str, Array]:
    """Other values of the forward pass of the same shape, by name."""
    found = {}
    for index in analysis.forward:
        node = analysis.graph.nodes[index]
        if node.shape == variable.shape and node is not variable.node and " " not in node.label:
            found[node.label] = base.value(node)
    return dict(list(found.items())[: NAMING.variables])
