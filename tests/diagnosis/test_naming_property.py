"""A network, a mistake and a place are drawn: the verdict, the place and the name must come out.

The number drawn is 60; with GRADCHECK_FUZZ=2000 in the environment it is 500, and not the same ones each time.
"""

from __future__ import annotations

import os

import numpy as np
from hypothesis import event, given, note, settings

import gradcheck
from gradcheck.strategies import BrokenNetwork, broken_networks, networks
from gradcheck.subjects.network import NetworkSubject
from gradcheck.subjects.subject import copied
from gradcheck.testing.faults import faulty_gradient, visible_faults

COUNT = int(os.environ.get("GRADCHECK_FUZZ", "240")) // 4

#: Two wrong gradients are the same if they differ by less than this part of them.
SAME = 1e-4


def namesakes(broken: BrokenNetwork) -> set[str]:
    """The mistakes that make the same wrong gradient here, up to a constant: any of these names is right."""
    part = next(part for part in NetworkSubject(broken.right, broken.batch).parts() if part.place == broken.place)
    right = part.gradient(copied(part.point))
    wrong = faulty_gradient(broken.mistake, part, part.point, right).ravel()
    found = {broken.mistake.slug}
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
