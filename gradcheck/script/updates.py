"""What an update makes of a gradient before it is subtracted: clipped to a norm, scaled by a search, preconditioned."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.script.flow import Base, Flow
from gradcheck.script.names import sounds_derived
from gradcheck.script.nodes import Node
from gradcheck.script.roles import Parameter

Array = NDArray[Any]

#: Solving with a matrix: Newton's method and its kin.
_SOLVES = re.compile(r"\b(solve|inv|pinv|lstsq|cho_solve|lu_solve|solve_triangular|cg|H_inv|Hinv)\b")

#: How well a gradient has to lie along an update.
ALONG = 1e-7


def underlying(flow: Flow, bases: Sequence[Base], parameter: Parameter, forward: set[int]) -> tuple[Parameter, str]:
    """The parameter with the gradient that its update is made of, and what the update does to it.

    That is a value further up that the update is a multiple of, by a number that differs from point to point, as
    clipping and searching for a step do; or one that a line solves with. A multiple by one and the same number, or
    anything that is added, is what the gradient itself has to answer for.
    """
    updates = {n.index for n in parameter.updates}
    above = flow.ancestors([parameter.claim.index]) - forward - updates - {parameter.claim.index}
    nodes = [flow.nodes[i] for i in sorted(above, reverse=True) if flow.nodes[i].size == parameter.claim.size > 1]
    for node in nodes:
        scales = [_along(base, parameter, node) for base in bases]
        known = [scale for scale in scales if scale is not None]
        alike = len(known) == len(bases) > 1 and known[0] * known[1] > 0
        if alike and not math.isclose(known[0], known[1], rel_tol=1e-6):
            return replace(parameter, claim=node, factor=math.copysign(1.0, known[0])), "scaled"
    if _SOLVES.search(parameter.claim.site.text) or any(_SOLVES.search(n.site.text) for n in nodes):
        for node in nodes:
            if sounds_derived(node.names) and not _SOLVES.search(node.site.text):
                return replace(parameter, claim=node, factor=math.copysign(1.0, parameter.factor)), "preconditioned"
    return parameter, ""


def _along(base: Base, parameter: Parameter, node: Node) -> float | None:
    """What an update is times a value, if it is a multiple of it."""
    update = parameter.factor * base.value(parameter.claim).ravel()
    value = base.value(node).ravel()
    length = float(value @ value)
    if not length > 0 or not np.isfinite(update).all():
        return None
    scale = float(update @ value) / length
    return scale if scale and np.linalg.norm(update - scale * value) <= ALONG * np.linalg.norm(update) else None
