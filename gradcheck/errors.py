"""Errors that gradcheck raises; each message says what was given and what to change."""

from __future__ import annotations


class GradcheckError(Exception):
    """A check cannot run. The verdict of a check is never one of these."""


class SubjectError(GradcheckError, ValueError):
    """A function, model or parameters cannot be checked as they are."""


class SubjectTypeError(GradcheckError, TypeError):
    """An argument has a type that cannot be checked."""


class UnreadableLayerError(SubjectTypeError, SubjectError):
    """A layer of another library cannot be read: nothing is known about its gradients, and nothing is wrong with them.

    The message says what to write.
    """


class TargetError(GradcheckError):
    """A target of the command line cannot be found or loaded."""
