"""What the mistake in a line is, in the program's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.attribution import Fault, diagnosed
from gradcheck.diagnosis.finding import Finding
from gradcheck.diagnosis.mistakes import BY_SLUG, FACTOR_MISTAKES
from gradcheck.probes.evaluator import Evaluator
from gradcheck.scripts.blame.judgement import Accused, Judgement
from gradcheck.scripts.chain_rule.vjp import Place
from gradcheck.scripts.explain.factors import factor_of
from gradcheck.scripts.explain.paths import path_of
from gradcheck.scripts.explain.subjects import SMALL, LineSubject
from gradcheck.scripts.graph.nodes import Node
from gradcheck.verdicts.checker import CheckOptions, check
from gradcheck.verdicts.verdict import Verdict

if TYPE_CHECKING:
    from gradcheck.scripts.blame.analysis import Analysis

Array = NDArray[Any]

#: What the diagnosis of one line may cost.
BUDGET = 1500


def finding_of(
    analysis: Analysis, judgement: Judgement, accused: Accused, names: list[str], rtol: float, rng: np.random.Generator
) -> Finding:
    """The finding for a line to blame."""
    pair = accused.pair
    slug, detail, evidence = "unexplained", "", ""
    fault = None
    if accused.constant is None:
        factor = factor_of(
            analysis.flow, analysis.chain, analysis.forward, pair.place, pair.node, pair.factor, pair.sources
        )
        if factor is not None:
            slug, detail = factor.slug, factor.says
        elif (path := path_of(analysis.flow, analysis.chain, analysis.forward, pair)) is not None:
            slug, detail = path
        elif (spread := _spread(analysis, accused)) is not None:
            slug, detail = spread
        else:
            fault = _fault(analysis, accused, rtol, rng)
    else:
        named_constant = scaled(accused.constant, _counts(analysis))
        if named_constant is not None:
            slug, detail = named_constant
    if fault is not None and fault.diagnosis is not None:
        named = fault.diagnosis.named[0]
        slug, detail, evidence = named.mistake.slug, named.message, fault.diagnosis.evidence
    if slug == "regulariser-missing":
        accused = judgement.where_used(accused)
    site = accused.site
    target, by = accused.node.label, accused.pair.place.label
    text = site.text if site.text else target
    what = detail or (f"{fault.pattern}" if fault is not None and fault.pattern else "no known mistake explains how")
    message = f"line {site.line}: {text} is not the derivative by {by}: {what}"
    if accused.node is not accused.pair.node:
        message = f"line {site.line}: {text} is not its part of the derivative by {by}: {what}"
    if not evidence:
        evidence = "held against the chain rule at the program's own point and at one with its parameters drawn anew"
    evidence += f"; wrong because of it: {', '.join(names)}"
    mistake = BY_SLUG.get(slug)
    code = mistake.code if mistake else "GC000"
    fix = mistake.fix if mistake else f"Derive {target} again from what the forward pass makes of {by}."
    return Finding(code, slug, target, message, evidence, fix, site.file, site.line)


def _spread(analysis: Analysis, accused: Accused) -> tuple[str, str] | None:
    """Whether a gradient of too few entries is the right one, summed over more axes than it should be."""
    node, place = accused.node, accused.pair.place
    if place.leaf is None or node.size >= int(np.prod(place.shape)) or int(np.prod(place.shape)) > SMALL:
        return None
    every = list(np.ndindex(*place.shape))
    axes = tuple(i for i, n in enumerate((1,) * (len(place.shape) - len(node.shape)) + node.shape) if n == 1)
    for base in analysis.chain.bases:
        right = analysis.chain.gradient(base, place, accused.pair.sources, every).reshape(place.shape)
        summed, claim = right.sum(axis=axes).ravel(), accused.pair.factor * base.value(node).ravel()
        if not np.allclose(claim, summed, rtol=1e-6, atol=1e-6 * float(np.abs(right).max())):
            return None
    return "broadcast-not-summed", f"summed over all of {place.label} {place.shape}, one number for many"


def scaled(constant: float, counts: dict[int, str]) -> tuple[str, str] | None:
    """Slug and words for a constant factor."""
    error = 1e-5 * abs(constant)
    for scale in FACTOR_MISTAKES:
        text = scale.describe_factor(constant, error, counts)
        if text is not None:
            return scale.slug, text
    return None


def _fault(analysis: Analysis, accused: Accused, rtol: float, rng: np.random.Generator) -> Fault | None:
    """The line as a subject of its own, checked and diagnosed."""
    pair = accused.pair
    base = analysis.bases[-1]
    sources = pair.sources
    factor = pair.factor
    if accused.node is not pair.node:
        sources = ()
    subject = LineSubject(
        analysis.chain,
        base,
        pair.place,
        pair.node,
        factor,
        sources,
        _child(analysis, pair.place),
        _counts(analysis),
        _others(analysis, pair.place, base),
    )
    evaluator = Evaluator(subject, BUDGET)
    try:
        result = check(evaluator, CheckOptions(rtol), rng)
        wrong = [i for i, b in enumerate(result.blocks) if b.verdict is Verdict.FAIL and b.screening is not None]
        blamed = diagnosed(evaluator, result, wrong, rtol, rng)
    except Exception:  # the program's own code, at values that it was not written for
        return None
    return blamed[0] if blamed else None


def _child(analysis: Analysis, place: Place) -> Node | None:
    """What the program makes of a variable at once, of the same shape and entry by entry: an activation."""
    if place.node is None or place.node.size > SMALL:
        return None
    for index in sorted(analysis.flow.children.get(place.node.index, {})):
        node = analysis.flow.nodes[index]
        if index in analysis.forward and node.shape == place.shape and node.shape != () and not node.increment:
            return node
    return None


def _counts(analysis: Analysis) -> dict[int, str]:
    """Lengths of axes of what the step computes."""
    found: dict[int, str] = {}
    for node in analysis.flow.nodes:
        for axis, n in enumerate(node.shape):
            if n > 1 and n not in found:
                found[n] = f"{n} is the length of axis {axis} of {node.label}"
    found.pop(2, None)  # a factor of 2 is that of a square, more often than any length
    for name, value in analysis.step.lists():
        if len(value) > 2 and not any(hasattr(item, "__dict__") for item in value[:3]):
            found.setdefault(len(value), f"{len(value)} is the length of {name}")
    return found


def _others(analysis: Analysis, place: Place, base: Any) -> dict[str, Array]:
    """Other variables of the same shape."""
    found = {}
    for index in analysis.forward:
        node = analysis.flow.nodes[index]
        if node.shape == place.shape and node is not place.node and " " not in node.label:
            found[node.label] = base.value(node)
    return dict(list(found.items())[:12])
