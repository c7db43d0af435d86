"""Checks hand-written gradients: whether they are right, where they are wrong, and what the mistake is.

>>> import gradcheck
>>> report = gradcheck.check_gradients(lambda x: x**2, lambda x: 2 * x, 3.0)
>>> report.verdict.value
'pass'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck import strategies as strategies
    from gradcheck import testing as testing
    from gradcheck._version import __version__
    from gradcheck.checks.gradients import GradientMismatch, assert_gradients, check_gradients
    from gradcheck.errors import GradcheckError, SubjectError, SubjectTypeError, TargetError
    from gradcheck.reports.data import BlockReport
    from gradcheck.reports.report import Report
    from gradcheck.settings import defaults
    from gradcheck.subjects.convert import as_subject
    from gradcheck.subjects.foreign_layer import as_layer
    from gradcheck.subjects.subject import Block, Subject
    from gradcheck.testing.pairs.run import Pairs, pairs
    from gradcheck.training.doctor.api import doctor
    from gradcheck.training.doctor.report import DoctorReport
    from gradcheck.training.optimisers.checking import check_optimiser
    from gradcheck.training.optimisers.report import OptimiserReport
    from gradcheck.verdicts.verdict import Verdict

#: The module of each public name; it is imported when the name is first used.
_HOME = {
    "__version__": "_version",
    "as_layer": "subjects.foreign_layer",
    "as_subject": "subjects.convert",
    "GradientMismatch": "checks.gradients",
    "assert_gradients": "checks.gradients",
    "check_gradients": "checks.gradients",
    "Verdict": "verdicts.verdict",
    "GradcheckError": "errors",
    "SubjectError": "errors",
    "SubjectTypeError": "errors",
    "TargetError": "errors",
    "Pairs": "testing.pairs.run",
    "pairs": "testing.pairs.run",
    "BlockReport": "reports.data",
    "Report": "reports.report",
    "OptimiserReport": "training.optimisers.report",
    "check_optimiser": "training.optimisers.checking",
    "defaults": "settings",
    "Block": "subjects.subject",
    "Subject": "subjects.subject",
    "doctor": "training.doctor.api",
    "DoctorReport": "training.doctor.report",
}

#: Modules that are imported when first used, and not by ``import *``: the first needs Hypothesis.
_MODULES = ("strategies", "testing")

__all__ = [
    "Block",
    "BlockReport",
    "DoctorReport",
    "GradcheckError",
    "GradientMismatch",
    "OptimiserReport",
    "Pairs",
    "Report",
    "Subject",
    "SubjectError",
    "SubjectTypeError",
    "TargetError",
    "Verdict",
    "__version__",
    "as_layer",
    "as_subject",
    "assert_gradients",
    "check_gradients",
    "check_optimiser",
    "defaults",
    "doctor",
    "pairs",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME and name not in _MODULES:
        raise AttributeError(f"module 'gradcheck' has no attribute {name!r}")
    import importlib

    if name in _MODULES:
        return importlib.import_module(f"gradcheck.{name}")
    value = getattr(importlib.import_module(f"gradcheck.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES])
