"""A wrong block is named after the mistake in it, with evidence and a fix.

One test draws a network, a mistake and a place: the verdict, the place and the name must come out. The number drawn is
60; with GRADCHECK_FUZZ=2000 in the environment it is 500, and not the same ones each time.
"""

from __future__ import annotations

import os
import re

import numpy as np
from hypothesis import event, given, note, settings

import gradcheck
from gradcheck import check_gradients
from gradcheck.strategies import BrokenNetwork, broken_networks, networks
from gradcheck.subjects.network import NetworkSubject
from gradcheck.subjects.subject import copied
from gradcheck.testing.faults import faulty_gradient, visible_faults
from tests.cases import Array, SoftmaxRegression, logcosh, spoil_entry

CASE = SoftmaxRegression()
X = np.linspace(0.5, 2.0, 12)

COUNT = int(os.environ.get("GRADCHECK_FUZZ", "240")) // 4

#: Two wrong gradients are the same if they differ by less than this part of them.
SAME = 1e-4


def test_wrong_block_is_a_finding_with_evidence_and_fix() -> None:
    report = check_gradients(CASE.loss, CASE.spoiled("W", lambda g: -g), CASE.start, rng=0)
    (finding,) = report.findings
    assert finding.where == "W"
    assert re.fullmatch(r"GC\d{3}", finding.code)
    assert finding.evidence
    assert finding.fix
    assert str(finding).startswith("W: ")
    assert "12 of 12 entries" in finding.message


def test_each_wrong_block_has_a_finding() -> None:
    def gradient(p: dict[str, Array]) -> dict[str, Array]:
        found = CASE.gradient(p)
        return {"W": -found["W"], "b": 2 * found["b"]}

    report = check_gradients(CASE.loss, gradient, CASE.start, rng=0)
    assert [(f.where, f.slug) for f in report.findings] == [("W", "sign-flipped"), ("b", "constant-factor")]


def test_blocks_with_the_same_mistake_share_a_finding() -> None:
    report = check_gradients(CASE.loss, lambda p: {k: -v for k, v in CASE.gradient(p).items()}, CASE.start, rng=0)
    assert [(f.where, f.slug) for f in report.findings] == [("W, b", "sign-flipped")]


def test_single_wrong_entry_is_named_with_both_values() -> None:
    spoil = spoil_entry((4,), 1.5)
    (finding,) = check_gradients(logcosh, lambda x: spoil(np.tanh(x)), X, rng=0).findings
    truth = float(np.tanh(X[4]))
    assert finding.where == "x[4]"
    assert "1 of 12 entries" in finding.message
    assert f"{1.5 * truth:.4g}"[:5] in finding.evidence
    assert f"{truth:.4g}"[:5] in finding.evidence


def test_ratio_is_given_as_a_range_where_it_varies_and_never_as_constant() -> None:
    factors = np.linspace(0.25, 0.75, 12)
    (varies,) = check_gradients(logcosh, lambda x: factors * np.tanh(x), X, rng=0).findings
    assert "ranges from 0.25" in varies.evidence
    assert "to 0.75" in varies.evidence
    assert "constant" not in f"{varies.slug} {varies.message} {varies.evidence} {varies.fix}"
    (same,) = check_gradients(logcosh, lambda x: 0.25 * np.tanh(x), X, rng=0).findings
    assert "ranges from" not in same.evidence
    assert same.slug == "constant-factor"


def test_gradient_that_is_not_finite_comes_first() -> None:
    def gradient(p: dict[str, Array]) -> dict[str, Array]:
        found = CASE.gradient(p)
        return {"W": 2 * found["W"], "b": np.full(3, np.nan)}

    findings = check_gradients(CASE.loss, gradient, CASE.start, rng=0).findings
    assert [(finding.code, finding.where) for finding in findings] == [("GC502", "b"), ("GC102", "W")]


def test_block_with_a_colon_in_its_name_is_named_in_full() -> None:
    report = check_gradients(lambda p: logcosh(p["a:b"]), lambda p: {"a:b": np.nan * p["a:b"]}, {"a:b": X}, rng=0)
    assert report.findings[0].where == "a:b"


def namesakes(broken: BrokenNetwork) -> set[str]:
    """The mistakes that make the same wrong gradient here, up to a constant: any of these names is right.

    Where the mistake shows in one entry alone, it is right to say that this entry is wrong.
    """
    part = next(part for part in NetworkSubject(broken.right, broken.batch).parts() if part.place == broken.place)
    right = part.gradient(copied(part.point))
    wrong = faulty_gradient(broken.mistake, part, part.point, right).ravel()
    found = {broken.mistake.slug}
    as_it_should_be = right[[block.name for block in part.blocks].index(broken.mistake.block)].ravel()
    if np.count_nonzero(np.abs(wrong - as_it_should_be) > SAME * np.abs(wrong).max()) == 1 < wrong.size:
        found |= {"isolated-entries"}
    for other in visible_faults(part, right):
        if other.block == broken.mistake.block:
            rival = faulty_gradient(other, part, part.point, right).ravel()
            factor = float(rival @ wrong) / (float(rival @ rival) or 1.0)
            if np.abs(wrong - factor * rival).max() <= SAME * np.abs(wrong).max():
                found |= {other.slug}
    return found


@settings(deadline=None, derandomize=COUNT <= 60, max_examples=COUNT)
@given(broken_networks(networks=networks(max_layers=1)))
def test_a_mistake_is_found_placed_and_named(broken: BrokenNetwork) -> None:
    report = gradcheck.check_gradients(broken.network, batch=broken.batch, rng=0)
    note(f"{report}")
    event(broken.mistake.slug)
    assert report.verdict.value == "fail"
    finding = report.findings[0]
    assert finding.where.startswith(broken.where)
    assert finding.slug in namesakes(broken)
