"""Errors that gradcheck raises: each says what it got, and what to do."""

from __future__ import annotations


class GradcheckError(Exception):
    """Something that keeps a check from running. The verdict of a check is never an error."""


class SubjectError(GradcheckError, ValueError):
    """The function, model or parameters given cannot be checked as they are."""


class SubjectTypeError(GradcheckError, TypeError):
    """An argument is of a kind that gradcheck does not read."""


class TargetError(GradcheckError):
    """What was named on the command line cannot be found or loaded."""
