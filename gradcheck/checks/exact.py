"""Blocks whose claim is the exact derivative of the recorded operations, for where differences are too noisy."""

from __future__ import annotations

import numpy as np

from gradcheck.checks.nearby import point_near
from gradcheck.probes.evaluator import Evaluator
from gradcheck.recording.exact_functions import is_to_rounding
from gradcheck.recording.functions import ReachableFunctions
from gradcheck.recording.program import reachable
from gradcheck.recording.record import exact_gradient, solvers
from gradcheck.recording.rules import NoRule
from gradcheck.recording.settings import RECORDING
from gradcheck.subjects.subject import Point, Subject
from gradcheck.tracebacks import pass_on_signal


def exact_blocks(evaluator: Evaluator, rng: np.random.Generator) -> frozenset[int]:
    """Blocks whose claim is the recorded derivative at the user's point and at another one; a recorded call for each.

    Parameters
    ----------
    evaluator : Evaluator
        In whose session this is called. What is evaluated counts there.
    rng : numpy.random.Generator

    Returns
    -------
    frozenset of int
        None of them where the loss cannot be recorded, or not all of it is exact to rounding.
    """
    subject = evaluator.subject.original
    if subject.only_here or not subject.functions() or evaluator.left < RECORDING.least_budget:
        return frozenset()
    own, functions = evaluator.in_other_blocks(subject), reachable()
    try:
        here = _exact_at(own, subject, tuple(x.copy() for x in subject.point), functions)
        return here and here & _exact_at(own, subject, point_near(subject, rng), functions)
    except Exception as error:  # what the user's code raises at another point, or an operation without a rule
        pass_on_signal(error)
        return frozenset()


def loss_iterates(evaluator: Evaluator) -> bool:
    """Whether a library calls the user's own functions again and again in the loss, and stops at a tolerance.

    Parameters
    ----------
    evaluator : Evaluator
        In whose session this is called. What is evaluated counts there.
    """
    subject = evaluator.subject.original
    if not subject.functions() or evaluator.left < RECORDING.least_budget:
        return False
    own, point = evaluator.in_other_blocks(subject), tuple(x.copy() for x in subject.point)
    try:
        found = solvers(subject.functions(), lambda: own.loss(point), point, getattr(subject, "upstream", None))
    except Exception as error:  # what the user's code raises, or an operation without a rule
        pass_on_signal(error)
        return False
    return not all(map(is_to_rounding, found.callers))


def _exact_at(own: Evaluator, subject: Subject, point: Point, functions: ReachableFunctions) -> frozenset[int]:
    try:
        exact = exact_gradient(
            subject.functions(),
            lambda: own.loss(tuple(x.copy() for x in point)),
            point,
            getattr(subject, "upstream", None),
            functions,
        )
    except NoRule:
        return frozenset()
    if exact is None:
        return frozenset()
    claims = own.gradient(tuple(x.copy() for x in point))
    pairs = enumerate(zip(claims, exact.blocks, strict=True))
    return frozenset(b for b, (claim, known) in pairs if known is not None and _is_one(np.asarray(claim), known))


def _is_one(claim: np.ndarray, known: np.ndarray) -> bool:
    """Whether two gradients differ by no more than rounding; where all is zero there is nothing to compare."""
    size = float(np.linalg.norm(known))
    same = claim.shape == known.shape and claim.dtype == np.float64
    return same and 0 < size < np.inf and float(np.linalg.norm(claim - known)) <= RECORDING.exact * size
