"""The user's loss and gradient with smaller tolerances of the solvers that they call."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

from gradcheck.probes.evaluator import Evaluator
from gradcheck.probes.tightened import TightenedLoss
from gradcheck.recording.exact_functions import is_to_rounding
from gradcheck.recording.exactness import is_exact_but_for
from gradcheck.recording.program import functions_behind
from gradcheck.recording.record import solvers
from gradcheck.recording.recorder import Recorder
from gradcheck.recording.settings import RECORDING
from gradcheck.recording.tolerances import may_stop
from gradcheck.subjects.rescaled import RescaledSubject
from gradcheck.subjects.subject import Point, Subject
from gradcheck.tracebacks import pass_on_signal


class TightenedSubject(RescaledSubject):
    """A subject whose functions call others with smaller tolerances; everything else is as it was.

    Parameters
    ----------
    subject : Subject
    """

    def __init__(self, subject: Subject) -> None:
        super().__init__(subject, 0)
        self._recorder = Recorder(tightens=RECORDING.tightened)
        weakref.finalize(self, self._recorder.release)

    def loss(self, point: Point) -> float:
        """The loss at a point."""
        with self._tight():
            return super().loss(point)

    def gradient(self, point: Point) -> Point:
        """The claimed gradient."""
        with self._tight():
            return super().gradient(point)

    @contextmanager
    def _tight(self) -> Iterator[None]:
        with warnings.catch_warnings(), self._recorder.tightening(self.functions()):
            warnings.simplefilter("ignore")  # that a tolerance cannot be reached
            yield


def tightened_loss(evaluator: Evaluator) -> TightenedLoss | None:
    """The loss of an evaluator with smaller tolerances, if there are any in it.

    Parameters
    ----------
    evaluator : Evaluator
        In whose session this is called. What is evaluated counts there.

    Returns
    -------
    TightenedLoss or None
        None where nothing in the loss is called with a tolerance, or its source cannot be read.
    """
    subject = evaluator.subject.original
    if subject.only_here or subject.is_map or evaluator.left < RECORDING.least_budget:
        return None
    if not may_stop(functions_behind(subject.functions())):
        return None
    own, copied = evaluator.in_other_blocks(subject, parallel=False), subject.space.copy
    point = copied(subject.point)
    try:
        found = solvers(
            subject.functions(),
            lambda: own.loss(point),
            point,
            getattr(subject, "upstream", None),
            gradient=lambda: own.gradient(copied(subject.point)),
        )
    except Exception as error:  # what the user's code raises, or an operation without a rule
        pass_on_signal(error)
        return None
    loose = [function for function in found.callers if not is_to_rounding(function)]
    stopped = all(any(function is each for each in found.stopping) for function in loose)
    complete = found.complete and stopped and is_exact_but_for(found.graph, found.stopping)
    tight = evaluator.in_other_blocks(TightenedSubject(evaluator.subject), parallel=False)
    return TightenedLoss(tight, complete)
